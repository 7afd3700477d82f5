import Testing

@testable import sluice_sim

@Suite struct TargetTests {
  @Test func aNameInThePathIsDecodedOnce() {
    let target = Target("/v1/models/a%3Btokens%3D2%2Fb%2525:generateContent?key=a%20b&alt=sse&alt=json")
    #expect(target.name(between: "/models/", and: ":generateContent") == "a;tokens=2/b%25")
    #expect(target.value(of: "key") == "a b")
    #expect(target.value(of: "alt") == "sse")
    #expect(target.value(of: "al") == nil)
  }

  @Test(arguments: ["/models/:x", "/models/a/b:x", "/models/a", "/a:x", ""]) func otherwiseThereIsNoName(path: String) {
    #expect(Target(path).name(between: "/models/", and: ":x") == nil)
  }
}
