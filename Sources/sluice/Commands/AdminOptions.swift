import ArgumentParser

/// Where the database is, the same for all commands of operators.
struct AdminOptions: ParsableArguments {
  @OptionGroup var configuration: ConfigurationOptions

  @Option(
    help: ArgumentHelp(
      "The database, instead of the configuration's admin_database or database. No password: everybody sees it here.",
      valueName: "conninfo"))
  var database: String?
}

/// How the result is shown.
struct OutputOptions: ParsableArguments {
  @Flag(help: "JSON with the names of the columns as keys, for programs.")
  var json = false
}
