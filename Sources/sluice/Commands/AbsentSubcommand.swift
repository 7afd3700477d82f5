import ArgumentParser

/// A word that stands where a subcommand should and names none. ArgumentParser would call it an unexpected argument.
enum AbsentSubcommand {
  /// What to say of such arguments, the program's name not among them; nil if there is no such word.
  static func fault(in arguments: [String], of root: any ParsableCommand.Type) -> String? {
    guard arguments.count > 1, !arguments[1].hasPrefix("-"),
      let parent = subcommands(of: root).first(where: { $0.configuration.commandName == arguments[0] })
    else { return nil }
    let names = subcommands(of: parent).compactMap { $0.configuration.commandName }
    guard !names.isEmpty, !names.contains(arguments[1]) else { return nil }
    return """
      Error: there is no `sluice \(arguments[0]) \(Plain.line(arguments[1]))`, only \(names.joined(separator: ", "))
        See 'sluice \(arguments[0]) --help' for more information.
      """
  }

  private static func subcommands(of command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
    let configuration = command.configuration
    return configuration.ungroupedSubcommands + configuration.groupedSubcommands.flatMap { $0.subcommands }
  }
}
