import FoundationEssentials
import Glibc

/// A process with its children under observation: CPU and memory from /proc.
struct Watched {
  let name: String
  let root: Int32

  /// `name=pid`
  init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1)
    guard parts.count == 2, let root = Int32(parts[1]) else { return nil }
    name = String(parts[0])
    self.root = root
  }

  /// CPU seconds of all of them, user and system.
  var cpu: Double {
    members.reduce(0) { $0 + Double($1.ticks) } / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// The process and all that descend from it: PostgreSQL's have groups of their own.
  private var members: [(id: Int32, ticks: Int)] {
    let all = Self.processes
    var found: [(id: Int32, ticks: Int)] = []
    var parents: Set<Int32> = [root]
    var rest = all
    while true {
      let next = rest.filter { parents.contains($0.id) || parents.contains($0.parent) }
      if next.isEmpty { return found }
      found += next.map { ($0.id, $0.ticks) }
      parents = Set(next.map(\.id))
      let taken = Set(found.map(\.id))
      rest.removeAll { taken.contains($0.id) }
    }
  }

  private static var processes: [(id: Int32, parent: Int32, ticks: Int)] {
    guard let folder = opendir("/proc") else { return [] }
    defer { closedir(folder) }
    var found: [(Int32, Int32, Int)] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard let id = Int32(name), let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
        let end = text.lastIndex(of: ")")
      else { continue }
      // From the third field on: state, parent … utime is the 14th, stime the 15th (proc(5)).
      let fields = text[text.index(after: end)...].split(separator: " ")
      guard fields.count > 12, let parent = Int32(fields[1]), let user = Int(fields[11]), let system = Int(fields[12])
      else { continue }
      found.append((id, parent, user + system))
    }
    return found
  }

  /// Resident bytes of all of them.
  var resident: Int {
    members.reduce(0) { sum, member in
      let text = (try? String(contentsOfFile: "/proc/\(member.id)/statm", encoding: .utf8)) ?? ""
      let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
      return sum + pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
  }

  /// The same, with what several share counted once: each page is divided by how many have it (proc(5), smaps_rollup).
  var proportional: Int {
    members.reduce(0) { sum, member in
      let text = (try? String(contentsOfFile: "/proc/\(member.id)/smaps_rollup", encoding: .utf8)) ?? ""
      let line = text.split(separator: "\n").first { $0.hasPrefix("Pss:") }
      return sum + (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }
  }
}
