import CLinux

/// The arenas from which glibc serves `malloc` (mallopt(3), M_ARENA_MAX).
package enum MemoryArenas {
  /// At most so many for all threads. By default glibc makes eight for each core, and each of the pool's threads fills
  /// one of its own to the most that it ever held: several times what lives, and minutes until it stops growing.
  package static func limit(to count: Int) { _ = mallopt(M_ARENA_MAX, Int32(clamping: max(1, count))) }
}
