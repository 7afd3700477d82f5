// libfcgi as a codec in memory. Its platform layer (fcgios.h: OS_Read, OS_Write, OS_Close, OS_IpcClose) is its porting
// seam: it ships a unix and a win32 port, memory_port.c is a third one. The shared libfcgi calls these four through its
// procedure linkage table, so the definitions of the executable win; the static libfcgi.a would not be caught.
#pragma once

#include <fcgiapp.h>
#include <stddef.h>
#include <stdint.h>

// What libfcgi reads and what it has written. All zero is an empty port.
typedef struct {
  const uint8_t *input;
  size_t input_length;
  size_t input_position;
  uint8_t *output;
  size_t output_length;
  size_t output_capacity;
} fastcgi_port;

// Lets libfcgi, on the calling thread, read and write `port`; NULL ends that. Without a port every read and write of
// libfcgi fails with EBADF: it touches no descriptor, ever.
void fastcgi_port_use(fastcgi_port *port);

// Gives the port `length` bytes to read and an empty output. The output's memory is kept for the next one unless it has
// grown beyond `keep` bytes. The input is not copied.
void fastcgi_port_load(fastcgi_port *port, const uint8_t *input, size_t length, size_t keep);

// Frees the output.
void fastcgi_port_free(fastcgi_port *port);

// accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC, which Swift's Glibc module leaves out: the descriptor, or -1 and errno.
int fastcgi_accept(int listener);
