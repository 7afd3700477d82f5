import Testing

@testable import sluice_sim

@Suite struct ScenarioTests {
  @Test func aPlainNameMeansTheDefaults() throws {
    let scenario = try Scenario(model: "gpt-4o-mini", rate: 40)
    #expect(scenario.tokens == nil)
    #expect(scenario.rate == 40)
    #expect(scenario.text == .prose)
    #expect(scenario.fault == nil)
    #expect(scenario.batch == 1)
  }

  @Test func everyKeyIsRead() throws {
    let model =
      "x;tokens=9;rate=2.5;delay=10;first=20;seed=18446744073709551615;text=echo;history=1;split=3;batch=4"
      + ";fault=status;after=7;status=429;dribble=30;gap=40;images=1;line=5000;fill=padding;ends=crlf;space=0;comments=1;beat=50"
      + ";azure=1;gzip=1;retry=date+9;body=html;reasoning=8;tools=2;half=1"
    let scenario = try Scenario(model: model, rate: 40)
    #expect(scenario.tokens == 9)
    #expect(scenario.rate == 2.5)
    #expect(scenario.delay == 10)
    #expect(scenario.first == 20)
    #expect(scenario.seed == .max)
    #expect(scenario.text == .echo)
    #expect(scenario.history)
    #expect(scenario.split == 3)
    #expect(scenario.batch == 4)
    #expect(scenario.fault == .status)
    #expect(scenario.after == .tokens(7))
    #expect(scenario.status == 429)
    #expect(scenario.head == HeadPace(dribble: 30, gap: 40))
    #expect(scenario.images)
    #expect(scenario.line == 5000)
    #expect(scenario.fill == .padding)
    #expect(scenario.ends == .crlf)
    #expect(!scenario.hasSpace)
    #expect(scenario.hasComments)
    #expect(scenario.beat == 50)
    #expect(scenario.hasFilterResults)
    #expect(scenario.isGzipped)
    #expect(scenario.retry == .date(9))
    #expect(scenario.body == .html)
    #expect(scenario.reasoning == 8)
    #expect(scenario.tools == 2)
    #expect(scenario.hasHalf)
  }

  @Test(arguments: [
    ("request", Scenario.Place.request), ("headers", .headers), ("0", .tokens(0)), ("200000", .tokens(200_000)),
  ])
  func aFaultHasItsPlace(word: String, place: Scenario.Place) throws {
    #expect(try Scenario(model: "x;fault=reset;after=\(word)", rate: 1).after == place)
  }

  @Test func faultsImplyWhatTheyNeed() throws {
    #expect(try Scenario(model: "x;fault=gzip", rate: 1).isGzipped)
    #expect(try Scenario(model: "x;dribble=7;fault=halfhead", rate: 1).head == HeadPace(dribble: 7, isHalf: true))
  }

  @Test(arguments: Scenario.Fault.allCases) func everyFaultHasItsName(fault: Scenario.Fault) throws {
    #expect(try Scenario(model: "x;fault=\(fault.rawValue)", rate: 1).fault == fault)
  }

  @Test(arguments: [
    "x;", "x;tokens", "x;tokens=", "x;tokens=-1", "x;tokens=200001", "x;rate=nan", "x;rate=-1", "x;batch=0",
    "x;split=0", "x;status=199", "x;status=204", "x;status=304", "x;status=600", "x;text=verse", "x;fault=none",
    "x;history=2", "x;colour=red", "x;Tokens=1",
    "x;after=-1", "x;after=body", "x;line=4095", "x;fill=air", "x;line=67108865", "x;retry=soon", "x;retry=-1",
    "x;retry=date",
    "x;retry=date5", "x;retry=date+90000", "x;ends=nl", "x;space=2", "x;beat=0", "x;body=xml", "x;dribble=-1",
  ])
  func whatIsNoScenarioIsRefusedByName(model: String) {
    let error = #expect(throws: Scenario.Malformed.self) { try Scenario(model: model, rate: 1) }
    #expect(error?.part == String(model.dropFirst(2)))
  }

  @Test(arguments: ["gzip=1", "fault=gzip"]) func aTimeKnownOnlyWhenWrittenCannotBeCompressed(gzip: String) {
    let error = #expect(throws: Scenario.Malformed.self) { try Scenario(model: "x;text=clock;\(gzip)", rate: 1) }
    #expect(error?.part == "text=clock")
  }
}
