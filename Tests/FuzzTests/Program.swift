import CFuzzer
import FoundationEssentials
import Glibc

/// libFuzzer on one target: `sluice-fuzz TARGET [its options] [folders or files of inputs]`. `sluice-fuzz` alone lists the
/// targets; `sluice-fuzz --seeds TARGET FOLDER` writes what there is to begin with, words into `FOLDER.dict`.
@main
enum Program {
  // libFuzzer's callback is a C function and cannot capture.
  nonisolated(unsafe) private static var target: any FuzzTarget.Type = FastCGIInput.self

  static func main() throws {
    var arguments = CommandLine.arguments
    guard arguments.count > 1 else {
      for target in FuzzTargets.all { print(target.name) }
      return
    }
    if arguments[1] == "--seeds", arguments.count == 4 {
      return try save(seedsOf: find(arguments[2]), to: arguments[3])
    }
    target = find(arguments.remove(at: 1))
    run(arguments)
  }

  private static func run(_ arguments: [String]) {
    // libFuzzer keeps pointers to its arguments: they stay.
    let words = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: arguments.count + 1)
    for (index, argument) in arguments.enumerated() { words[index] = strdup(argument) }
    words[arguments.count] = nil
    var count = Int32(arguments.count)
    var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = words
    exit(
      LLVMFuzzerRunDriver(&count, &list) { bytes, count in
        let input = Array(UnsafeBufferPointer(start: bytes, count: count))
        do { try Program.target.check(input) } catch {
          Program.say("\n\(Program.target.name): \(error)")
          abort()
        }
        return 0
      })
  }

  private static func save(seedsOf target: any FuzzTarget.Type, to folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let known = try target.seeds() + Inputs.regressions(of: target.name).map(\.bytes)
    for (index, bytes) in known.enumerated() {
      try Data(bytes).write(to: URL(filePath: "\(folder)/seed-\(index)"))
    }
    let words = target.words.map { word in
      "\"" + word.utf8.map { "\\x" + (String($0, radix: 16).count < 2 ? "0" : "") + String($0, radix: 16) }.joined()
        + "\""
    }
    try Data((words.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: "\(folder).dict"))
  }

  private static func find(_ name: String) -> any FuzzTarget.Type {
    guard let target = FuzzTargets.named(name) else {
      say("no target is called \(name)")
      exit(2)
    }
    return target
  }

  private static func say(_ line: String) {
    _ = Array("\(line)\n".utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
