// What Swift's Glibc module leaves out of Linux.
#pragma once
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <malloc.h>
#include <sys/syscall.h>
#include <unistd.h>

/// sched_getaffinity(2) of the calling thread: bytes written to `mask`, or -1. glibc shows it to _GNU_SOURCE only.
static inline long linux_affinity(unsigned long size, void *mask) { return syscall(SYS_sched_getaffinity, 0, size, mask); }
