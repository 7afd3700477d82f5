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
      + ";fault=status;after=7;status=429"
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
    #expect(scenario.after == 7)
    #expect(scenario.status == 429)
  }

  @Test(arguments: Scenario.Fault.allCases) func everyFaultHasItsName(fault: Scenario.Fault) throws {
    #expect(try Scenario(model: "x;fault=\(fault.rawValue)", rate: 1).fault == fault)
  }

  @Test(arguments: [
    "x;", "x;tokens", "x;tokens=", "x;tokens=-1", "x;tokens=200001", "x;rate=nan", "x;rate=-1", "x;batch=0",
    "x;split=0", "x;status=200", "x;text=verse", "x;fault=none", "x;history=2", "x;colour=red", "x;Tokens=1",
  ])
  func whatIsNoScenarioIsRefusedByName(model: String) {
    let error = #expect(throws: Scenario.Malformed.self) { try Scenario(model: model, rate: 1) }
    #expect(error?.part == String(model.dropFirst(2)))
  }
}
