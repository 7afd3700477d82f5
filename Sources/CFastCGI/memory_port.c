#include "CFastCGI.h"

#include <errno.h>
#include <fcgios.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local fastcgi_port *current;

void fastcgi_port_use(fastcgi_port *port) { current = port; }

void fastcgi_port_load(fastcgi_port *port, const uint8_t *input, size_t length, size_t keep) {
  if (port->output_capacity > keep) fastcgi_port_free(port);
  port->input = input;
  port->input_length = length;
  port->input_position = 0;
  port->output_length = 0;
}

void fastcgi_port_free(fastcgi_port *port) {
  free(port->output);
  port->output = NULL;
  port->output_length = port->output_capacity = 0;
}

// The end of the input reads as the end of the connection: the input is always a whole request, so libfcgi gets there
// only if the request contradicts itself.
int OS_Read(int fd, char *buffer, size_t length) {
  (void)fd;
  if (!current) {
    errno = EBADF;
    return -1;
  }
  size_t rest = current->input_length - current->input_position;
  if (length > rest) length = rest;
  if (length > 0) memcpy(buffer, current->input + current->input_position, length);
  current->input_position += length;
  return (int)length;
}

int OS_Write(int fd, char *buffer, size_t length) {
  (void)fd;
  if (!current) {
    errno = EBADF;
    return -1;
  }
  size_t needed = current->output_length + length;
  if (needed > current->output_capacity) {
    size_t capacity = current->output_capacity ? current->output_capacity : 4096;
    while (capacity < needed) capacity *= 2;
    uint8_t *grown = realloc(current->output, capacity);
    if (!grown) {
      errno = ENOMEM;
      return -1;
    }
    current->output = grown;
    current->output_capacity = capacity;
  }
  memcpy(current->output + current->output_length, buffer, length);
  current->output_length = needed;
  return (int)length;
}

// Connections are closed by their owner, the event loop.
int OS_Close(int fd, int shutdown) {
  (void)fd;
  (void)shutdown;
  return 0;
}

int OS_IpcClose(int fd, int shutdown) { return OS_Close(fd, shutdown); }
