import ArgumentParser

/// `--enable` and `--disable`, the same for all that can be switched off.
enum Enabling: String, EnumerableFlag {
  case enable, disable

  static func help(for value: Enabling) -> ArgumentHelp? {
    switch value {
    case .enable: "Take part again."
    case .disable: "Take no part, and stay for later."
    }
  }
}
