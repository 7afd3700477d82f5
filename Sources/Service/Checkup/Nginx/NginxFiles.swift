import FoundationEssentials
import Glibc

/// The files of one configuration by path. Those of a dump are all there is; a single file's includes are read from disk.
struct NginxFiles {
  /// The main file: includes are relative to its folder (nginx's conf prefix).
  let main: (path: String, text: ArraySlice<UInt8>)
  private var dumped: [(path: String, text: ArraySlice<UInt8>)] = []

  /// What `nginx -T` writes above each file.
  private static let mark = Array("# configuration file ".utf8)

  init(_ source: NginxText) {
    var begins: [(path: String, mark: Int, text: Int)] = []
    var line = source.bytes.startIndex
    while line < source.bytes.endIndex {
      let end = source.bytes[line...].firstIndex(of: 0x0A) ?? source.bytes.endIndex
      let words = source.bytes[line..<end]
      if words.starts(with: Self.mark), words.last == 0x3A {
        let path = String(decoding: words.dropFirst(Self.mark.count).dropLast(), as: UTF8.self)
        begins.append((path, line, min(end + 1, source.bytes.endIndex)))
      }
      line = end + 1
    }
    for (index, begin) in begins.enumerated() {
      let end = index + 1 < begins.count ? begins[index + 1].mark : source.bytes.endIndex
      dumped.append((begin.path, source.bytes[begin.text..<end]))
    }
    main = dumped.first ?? (source.name, source.bytes[...])
  }

  /// What an `include` takes in, in nginx's order: by name. Nil if it names one file and that cannot be read.
  func matching(_ pattern: String) -> [(path: String, text: ArraySlice<UInt8>)]? {
    let folder = main.path.lastIndex(of: "/").map { main.path[...$0] } ?? ""
    let pattern = pattern.hasPrefix("/") ? pattern : folder + pattern
    let isPlain = !pattern.contains { "*?[".contains($0) }
    let found: [(path: String, text: ArraySlice<UInt8>)]
    if dumped.isEmpty {
      found = Self.paths(pattern).compactMap { path in Self.text(of: path).map { (path, $0[...]) } }
    } else {
      found =
        dumped.filter { isPlain ? $0.path == pattern : fnmatch(pattern, $0.path, FNM_PATHNAME | FNM_PERIOD) == 0 }
        .sorted { $0.path < $1.path }
    }
    return found.isEmpty && isPlain ? nil : found
  }

  private static func paths(_ pattern: String) -> [String] {
    var result = glob_t()
    defer { globfree(&result) }
    guard glob(pattern, 0, nil, &result) == 0 else { return [] }
    return (0..<Int(result.gl_pathc)).compactMap { result.gl_pathv[$0].map { String(cString: $0) } }
  }

  private static func text(of path: String) -> [UInt8]? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_size <= NginxText.maxSize else { return nil }
    return (try? String(contentsOfFile: path, encoding: .utf8)).map { Array($0.utf8) }
  }
}
