import CLinux

/// The arenas from which glibc serves `malloc` (mallopt(3)).
package enum MemoryArenas {
  /// What is at least so large has pages of its own.
  private static let large: Int32 = 128 * 1024
  /// What is free at the end of an arena for so long a stretch goes back to the system: more than all loops allocate in
  /// a turn, or they would take it back at once.
  private static let spare: Int32 = 2 << 20

  /// At most so many for all threads, and each goes back to what lives. By default glibc makes eight for each core, each
  /// filled to the most that it ever held; and once a buffer of some megabytes was freed, it keeps those to come, and
  /// twice as much that is free (M_MMAP_THRESHOLD, "dynamic"): several times what lives, and more by the hour.
  package static func limit(to count: Int) {
    _ = mallopt(M_ARENA_MAX, Int32(clamping: max(1, count)))
    _ = mallopt(M_MMAP_THRESHOLD, large)
    _ = mallopt(M_TRIM_THRESHOLD, spare)
  }
}
