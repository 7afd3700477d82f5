// What ThreadSanitizer must be told of Swift on Linux, where the runtime's libraries are not instrumented. Loaded before
// them. Nothing is hidden: memory that nothing protects is reported as before.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

// Absent from the programs that the tests start.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

// Tasks: the runtime says itself what a continuation orders, but for one that is resumed before its task has begun to wait:
// then the task just goes on. It frees the frame of what it waited for, and here that orders it behind the resumption,
// which has been said (swift_continuation_resume releases the task).
SWIFT void task_dealloc(void *frame) __asm__("swift_task_dealloc");
SWIFT void *swift_task_getCurrent(void);

SWIFT void task_dealloc(void *frame) {
  static SWIFT void (*next)(void *);
  if (!next) next = (SWIFT void (*)(void *))dlsym(RTLD_NEXT, "swift_task_dealloc");
  if (__tsan_acquire) __tsan_acquire(swift_task_getCurrent());
  next(frame);
}

// Mutex: its fast path is compiled into the program and seen; when two threads contend, it goes into
// libswiftSynchronization, and the kernel hands the lock over: then the sanitizer would take what the lock protects for a
// race. These two pass the calls on and say what they order.
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT void unlock_slow(SELF void *mutex) __asm__(UNLOCK);

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) {
  static SWIFT void (*next)(uint32_t, SELF void *);
  if (!next) next = (SWIFT void (*)(uint32_t, SELF void *))dlsym(RTLD_NEXT, LOCK);
  next(thread, mutex);
  if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT void unlock_slow(SELF void *mutex) {
  static SWIFT void (*next)(SELF void *);
  if (!next) next = (SWIFT void (*)(SELF void *))dlsym(RTLD_NEXT, UNLOCK);
  if (__tsan_release) __tsan_release(mutex);
  next(mutex);
}
