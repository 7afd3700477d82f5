#define _GNU_SOURCE
#include "CFastCGI.h"

#include <sys/socket.h>

int fastcgi_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }
