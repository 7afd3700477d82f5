import ArgumentParser
import Providers
import Store

/// The columns of a virtual model, for `add` and `set`.
struct ModelColumns: ParsableArguments {
  @Option(help: "What people read; the name, if a new model has none.")
  var title: String?

  @Option(
    help: ArgumentHelp(
      "Sent before the history. @file reads a file, @- standard input.", valueName: "text|@file"))
  var systemPrompt: String?

  @Option(
    help: ArgumentHelp(
      "Put before the first user's message, in the same message, for models that know no system prompt.",
      valueName: "text|@file"))
  var prefixPrompt: String?

  @Option(
    help: ArgumentHelp(
      "JSON object with any of \(ProviderParameters.Key.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "json|@file"))
  var parameters: String?

  @Option(help: ArgumentHelp("What clients see of the reasoning: hidden, progress or full.", valueName: "policy"))
  var reasoning: String?

  @Option(help: ArgumentHelp("Messages of the conversation sent to the provider at most.", valueName: "messages"))
  var historyLimit: Int?

  @Option(
    help: ArgumentHelp(
      "Estimated tokens of the conversation sent to the provider at most: a quarter of its bytes, 1000 an image.",
      valueName: "tokens"))
  var historyTokenLimit: Int?

  @Option(help: "commit: served once committed; relaxed: served on arrival, committed right after.")
  var durability: String?

  @Option(
    help: ArgumentHelp(
      "How text is gathered into chunks: immediate, interval, words or sentences.", valueName: "mode"))
  var chunking: String?

  @Option(help: ArgumentHelp("Bytes of text at which a chunk is enough of it.", valueName: "bytes"))
  var chunkBytes: Int?

  @Option(help: ArgumentHelp("Longest that text waits for its chunk.", valueName: "ms"))
  var chunkDelayMs: Int?

  @Option(
    help: ArgumentHelp(
      "When the node of a turn dies; keep: its text so far stays; restart: another node asks anew.", valueName: "policy"
    ))
  var onInterrupt: String?

  @Option(
    help: ArgumentHelp(
      "Longest that a turn waits, all in all, for providers that ask to be asked again later; 0: not at all.",
      valueName: "ms"))
  var retryBudgetMs: Int?

  @Option(
    help: ArgumentHelp("Cancel a turn that nobody has read for so long; else it is completed.", valueName: "ms"))
  var abandonAfterMs: Int?

  @Flag(inversion: .prefixedNo, help: "Ask the provider to stream.")
  var stream: Bool?

  @Flag(inversion: .prefixedNo, help: "Send the provider no key and no message that speaks of tools.")
  var notool: Bool?

  @Flag(inversion: .prefixedNo, help: "Send neither the system prompt nor the prefix prompt.")
  var nopreprompt: Bool?

  @Flag var enabling: Enabling?

  /// Throws a usage error for what no node could send.
  func write(to changes: inout AdminChanges) throws {
    changes.set("title", title)
    changes.set("system_prompt", try ArgumentText.text(systemPrompt, option: "--system-prompt"))
    changes.set("prefix_prompt", try ArgumentText.text(prefixPrompt, option: "--prefix-prompt"))
    let parameters = try ArgumentText.object(parameters, option: "--parameters")
    if let parameters {
      do { _ = try ProviderParameters(json: parameters) } catch { throw misuse("--\(error.cause)") }
    }
    changes.set("parameters", json: parameters)
    changes.set("reasoning", reasoning)
    changes.set("history_limit", historyLimit)
    changes.set("history_token_limit", historyTokenLimit)
    changes.set("durability", durability)
    changes.set("chunking", chunking)
    changes.set("chunk_bytes", chunkBytes)
    changes.set("chunk_delay_ms", chunkDelayMs)
    changes.set("on_interrupt", onInterrupt)
    changes.set("retry_budget_ms", retryBudgetMs)
    changes.set("abandon_after_ms", abandonAfterMs)
    changes.set("stream", stream)
    changes.set("notool", notool)
    changes.set("nopreprompt", nopreprompt)
    changes.set("enabled", enabling.map { $0 == .enable })
  }
}
