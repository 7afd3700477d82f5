import Wire

/// All findings of a `sluice check`, for people and for programs.
package struct CheckupReport: Sendable {
  package var findings: [Finding]

  package init(_ findings: [Finding]) { self.findings = findings }

  /// The worst of all.
  package var level: Finding.Level {
    let levels = findings.map(\.level)
    return levels.contains(.fail) ? .fail : levels.contains(.warn) ? .warn : .ok
  }

  /// A line each, in columns; under what is amiss, indented, how to mend it.
  package var lines: [String] {
    let width = findings.map(\.subject.count).max() ?? 0
    return findings.flatMap { finding in
      let subject = finding.subject + String(repeating: " ", count: width - finding.subject.count)
      let line = "\(Self.mark(finding.level))  \(subject)  \(finding.text)"
      return finding.mend.map { [line, "      \($0)"] } ?? [line]
    }
  }

  private static func mark(_ level: Finding.Level) -> String {
    switch level {
    case .ok: "ok  "
    case .warn: "warn"
    case .fail: "FAIL"
    }
  }

  /// `{"result": …, "findings": [{"level", "subject", "text", "mend"}]}`; `mend` is null where nothing is amiss.
  package var json: String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("result", level.rawValue)
    writer.key("findings")
    writer.beginArray()
    for finding in findings {
      writer.beginObject()
      writer.member("level", finding.level.rawValue)
      writer.member("subject", finding.subject)
      writer.member("text", finding.text)
      if let mend = finding.mend {
        writer.member("mend", mend)
      } else {
        writer.key("mend")
        writer.null()
      }
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
