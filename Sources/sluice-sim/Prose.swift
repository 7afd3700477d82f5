/// Endless readable English with some Markdown, chosen by a seed. A longer text begins with the shorter one.
struct Prose: Sendable {
  private var dice: Dice
  private var phrase: ArraySlice<Token>
  private var afterBlock: Bool

  init(seed: UInt64) {
    dice = Dice(seed: seed)
    phrase = Self.opening[dice.roll(Self.opening.count)][...]
    afterBlock = false
  }

  /// The next word; there is always one.
  mutating func next() -> Token {
    while true {
      if let token = phrase.popFirst() { return token }
      let die = dice.roll(6)
      if die == 0 {
        phrase = Self.blocks[dice.roll(Self.blocks.count)][...]
      } else {
        // A block stands alone; otherwise one sentence in six begins a paragraph.
        let pool = afterBlock || die == 1 ? Self.paragraphs : Self.sentences
        phrase = pool[dice.roll(pool.count)][...]
      }
      afterBlock = die == 0
    }
  }

  // Every phrase is cut and escaped once, with each of the separators that may stand before it.
  private static let opening = plain.map { Token.words(of: $0) }
  private static let sentences = plain.map { Token.words(of: " " + $0) }
  private static let paragraphs = plain.map { Token.words(of: "\n\n" + $0) }
  private static let blocks = markdown.map { Token.words(of: "\n\n" + $0) }

  private static let plain = [
    "A sluice is a gate that lets water through at the pace the channel below can bear.",
    "Nobody who watches a mill race for an hour forgets how *steady* it is.",
    "The keeper opens the gate a little, waits, and opens it a little more.",
    "Upstream the river does what it likes; downstream the wheel turns evenly.",
    "If the gate sticks, the pond rises, and the pond is where the patience is kept.",
    "Every good channel has a **spillway**, for the day when the rain is heavier than the plan.",
    "You can measure a flow with a float, a marked pole and a clock.",
    "Old maps show the leat as a thin blue line that never crosses a contour.",
    "What has passed the gate cannot be called back, so the keeper writes it down.",
    "In spring the meltwater arrives early in the morning and is gone by noon.",
    "There is a rule of thumb: half the depth gives about a third of the flow.",
    "The boards are oak, because oak lasts longer when it stays wet.",
    "A small leak under the sill does more harm than a wave over the top.",
    "Ask the miller how much water he needs, and he will say \"a little more than yesterday\".",
    "It is cheaper to hold water back for a minute than to repair a bank for a month.",
    "When two channels meet, the slower one decides where the silt falls.",
    "The lock at the end of the reach fills in eight minutes and empties in six.",
    "Some gates are raised with a rack and pinion, others with a lever and a strong back.",
    "At night only the sound tells you whether the gate is open: a low, even hum.",
    "The answer, in short, is `inflow - outflow`, and everything else is storage.",
    "Ducks prefer the still side; trout wait just below the fall.",
    "No two days have the same river, but the gauge board never moves.",
    "Trust the gauge, not the memory of last year's flood.",
    "Let it run clear before you drink from it.",
  ]

  private static let markdown = [
    "## How it works\n\n1. The pond fills.\n2. The gate opens by a hand's breadth.\n3. The wheel begins to turn.",
    "### What to check\n\n- the sill, for leaks\n- the rack, for branches\n- the boards, for rot",
    "```swift\nlet depth = gauge.read()\nif depth > limit { gate.open(by: 1) }\n```",
    "> Water is patient; the bank has to be.",
    "| gate | depth | flow |\n|---|---|---|\n| upper | 1.2 m | 310 l/s |\n| lower | 0.9 m | 305 l/s |",
    "See the [tables of the weir](https://example.com/weir?gate=2&depth=1) for the figures.",
  ]
}
