import Providers
import Testing

@Suite struct SigV4Tests {
  struct Vector: Sendable, CustomTestStringConvertible {
    let name: String
    var method = "GET"
    var target = "/"
    var headers: [(String, String)] = []
    var body = ""
    var token: String?
    var signed = "host;x-amz-date"
    let signature: String

    var testDescription: String { name }
  }

  static let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
  static let formDigest = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"
  static let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
  static let postVanilla = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"

  /// AWS's own test suite, all cases that sign a header and normalize the path (aws-sig-v4-test-suite, as
  /// github.com/awslabs/aws-c-auth has it). Cases that differ in what we are given already are not repeated.
  static let vectors = [
    Vector(name: "get-vanilla", signature: vanilla),
    Vector(
      name: "get-header-key-duplicate",
      headers: [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
      signed: "host;my-header1;x-amz-date",
      signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
    Vector(
      name: "get-header-value-multiline", headers: [("My-Header1", "value1\n  value2\n     value3")],
      signed: "host;my-header1;x-amz-date",
      signature: "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd"),
    Vector(
      name: "get-header-value-order",
      headers: [
        ("My-Header1", "value4"), ("My-Header1", "value1"), ("My-Header1", "value3"), ("My-Header1", "value2"),
      ],
      signed: "host;my-header1;x-amz-date",
      signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
    Vector(
      name: "get-header-value-trim", headers: [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
      signed: "host;my-header1;my-header2;x-amz-date",
      signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
    Vector(name: "get-relative", target: "/example/..", signature: vanilla),
    Vector(name: "get-relative-relative", target: "/example1/example2/../..", signature: vanilla),
    Vector(name: "get-slash-dot-slash", target: "/./", signature: vanilla),
    Vector(name: "get-slash", target: "//", signature: vanilla),
    Vector(
      name: "get-slash-pointless-dot", target: "/./example",
      signature: "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"),
    Vector(
      name: "get-slashes", target: "//example//",
      signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
    Vector(
      name: "get-space", target: "/example space/",
      signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    Vector(
      name: "get-unreserved", target: "/" + unreserved,
      signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
    Vector(
      name: "get-utf8", target: "/ሴ", signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    Vector(
      name: "get-vanilla-empty-query-key", target: "/?Param1=value1",
      signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
    Vector(
      name: "get-vanilla-query-order-encoded", target: "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
      signature: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"),
    Vector(
      name: "get-vanilla-query-order-key-case", target: "/?Param2=value2&Param1=value1",
      signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    Vector(
      name: "get-vanilla-query-unreserved", target: "/?\(unreserved)=\(unreserved)",
      signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
    Vector(
      name: "get-vanilla-utf8-query", target: "/?ሴ=bar",
      signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
    Vector(
      name: "get-vanilla-with-session-token", token: "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267",
      signed: "host;x-amz-date;x-amz-security-token",
      signature: "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"),
    Vector(name: "post-vanilla", method: "POST", signature: postVanilla),
    Vector(
      name: "post-header-key-sort", method: "POST", headers: [("My-Header1", "value1")],
      signed: "host;my-header1;x-amz-date",
      signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
    Vector(
      name: "post-header-value-case", method: "POST", headers: [("My-Header1", "VALUE1")],
      signed: "host;my-header1;x-amz-date",
      signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
    Vector(
      name: "post-vanilla-query", method: "POST", target: "/?Param1=value1",
      signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
    Vector(
      name: "post-x-www-form-urlencoded", method: "POST",
      headers: [
        ("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", "13"),
        ("x-amz-content-sha256", formDigest),
      ], body: "Param1=value1", signed: "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
      signature: "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"),
    Vector(
      name: "post-x-www-form-urlencoded-parameters", method: "POST",
      headers: [
        ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), ("Content-Length", "13"),
        ("x-amz-content-sha256", formDigest),
      ], body: "Param1=value1", signed: "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
      signature: "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"),
  ]

  @Test(arguments: vectors)
  func signsAsAWSsTestSuite(_ vector: Vector) {
    let key = AccessKey(
      id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", sessionToken: vector.token)
    let added = SigV4(key, region: "us-east-1", service: "service").headers(
      method: vector.method, url: "https://example.amazonaws.com\(vector.target)", headers: vector.headers,
      body: Array(vector.body.utf8), time: 1_440_938_160)
    let values = Dictionary(uniqueKeysWithValues: added)
    #expect(values["x-amz-date"] == "20150830T123600Z")
    #expect(values["x-amz-security-token"] == vector.token)
    #expect(
      values["authorization"]
        == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        + "SignedHeaders=\(vector.signed), Signature=\(vector.signature)")
  }

  static let token = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJHMEUCIQ=="
  static let sonnet = "anthropic.claude-sonnet-4-5-20250929-v1%3A0"
  static let profile =
    "arn%3Aaws%3Abedrock%3Aeu-central-1%3A123456789012%3Ainference-profile%2Feu.anthropic.claude-opus-4-7"

  /// Signed by botocore 1.44.5: `SigV4Auth(credentials, "bedrock", region).add_auth(AWSRequest("POST", url, headers, body))`
  /// with the clock at 1,700,000,000.
  static let requests: [(url: String, region: String, token: String?, signature: String)] = [
    (
      "https://bedrock-runtime.us-east-1.amazonaws.com/model/\(sonnet)/converse-stream", "us-east-1", nil,
      "acff2efcbc7456fe5e6793634a6fc754718a366179ff8d0bd8617deacc3b93bd"
    ),
    (
      "https://bedrock-runtime.eu-central-1.amazonaws.com/model/\(profile)/converse", "eu-central-1", token,
      "30ae7e6902cc76eafedecc0725323f0e0cb6856741701a34464c12fea7b66832"
    ),
    (
      "https://bedrock-runtime.us-west-2.amazonaws.com/model/m%20%C3%BC~1/converse?k=a%20b&b=%2F&a=2&a=1", "us-west-2",
      nil, "f73fda391d588034f0a6b9c68011dad937139724fdc0fab8a366c7ddd12d98eb"
    ),
    (
      "http://127.0.0.1:8080/base/model/m-1/converse", "127", nil,
      "d7aa5457135332f20c7f9217883fa9a3507692ec02c6a9620d6e6d75b5c1808d"
    ),
  ]

  @Test(arguments: requests)
  func signsAsBotocore(url: String, region: String, token: String?, signature: String) throws {
    let key = AccessKey(
      id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", sessionToken: token)
    let added = SigV4(key, region: region, service: "bedrock").headers(
      method: "POST", url: url, headers: [("content-type", "application/json")],
      body: Array(#"{"messages":[{"role":"user","content":[{"text":"Grüße"}]}]}"#.utf8), time: 1_700_000_000)
    let names = "content-type;host;x-amz-date" + (token == nil ? "" : ";x-amz-security-token")
    #expect(
      added.last?.value
        == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20231114/\(region)/bedrock/aws4_request, "
        + "SignedHeaders=\(names), Signature=\(signature)")
  }

  @Test(arguments: [
    ("https://h:443/", "https://h/"), ("http://h:80/", "http://h/"), ("https://h", "https://h/"),
    ("https://h?a=1", "https://h/?a=1"), ("https://h/?b&a", "https://h/?a=&b="),
    ("https://h/?a=%zz", "https://h/?a=%25zz"),
  ])
  func theSameRequestHasTheSameSignature(url: String, other: String) {
    func signature(_ url: String) -> String? {
      let key = AccessKey(id: "AKIDEXAMPLE", secret: "s")
      return SigV4(key, region: "r", service: "s").headers(method: "GET", url: url, headers: [], body: [], time: 0)
        .last?.value
    }
    #expect(signature(url) == signature(other))
    #expect(signature(url) != signature("https://h:8443/"))
  }

  @Test(arguments: [
    (0, "19700101T000000Z"), (951_782_399, "20000228T235959Z"), (951_782_400, "20000229T000000Z"),
    (951_868_800, "20000301T000000Z"), (1_735_689_599, "20241231T235959Z"), (1_709_210_096, "20240229T123456Z"),
    (4_107_542_400, "21000301T000000Z"), (4_107_542_399, "21000228T235959Z"), (253_402_300_799, "99991231T235959Z"),
  ])
  func theDateIsTheCalendars(time: Int, timestamp: String) {
    let added = SigV4(AccessKey(id: "AKIDEXAMPLE", secret: "s"), region: "r", service: "s")
      .headers(method: "GET", url: "https://h/", headers: [], body: [], time: time)
    #expect(added.first?.value == timestamp)
  }
}
