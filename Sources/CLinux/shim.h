// What Swift's Glibc module leaves out of Linux.
#pragma once
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <malloc.h>
