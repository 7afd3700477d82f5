// swift-tools-version: 6.2
// Each target imports only what stands above it. One C library, one target; no C type leaves the adapter that wraps it.
import PackageDescription

#if canImport(Glibc)
  import Glibc
#endif

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// The statements of `SQL/`, read from the folder so that a new file needs no line here.
func statements() -> [String] {
  guard let folder = opendir(Context.packageDirectory + "/SQL") else { return [] }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name.hasSuffix(".sql") { names.append(name) }
  }
  return names.sorted()
}

/// `make fuzz` builds the files of the fuzz tests as a program: libFuzzer wants the process for itself, and coverage of
/// every module. The tests build them as tests.
func fuzz() -> [Target] {
  let path = "Tests/FuzzTests"
  let dependencies: [Target.Dependency] = [
    "Service", "Wire", "Chat", "Providers", "FrontDoor", "Upstream", "CZlib", "TestSupport",
  ]
  guard Context.environment["SLUICE_FUZZ"] != nil else {
    return [
      .testTarget(
        name: "FuzzTests", dependencies: dependencies, path: path, exclude: ["Regressions", "Program.swift"],
        swiftSettings: strict)
    ]
  }
  return [
    .systemLibrary(name: "CFuzzer", path: "Tests/CFuzzer"),
    .executableTarget(
      name: "sluice-fuzz", dependencies: dependencies + ["CFuzzer"], path: path,
      exclude: ["Regressions", "SmokeTests.swift"], swiftSettings: strict),
  ]
}

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let jwt: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let package = Package(
  name: "sluice",
  products: [
    .executable(name: "sluice", targets: ["sluice"]),
    .executable(name: "sluice-sim", targets: ["sluice-sim"]),
    .executable(name: "sluice-bench", targets: ["sluice-bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/vapor/jwt-kit", exact: "5.7.1"),
  ],
  targets: [
    .systemLibrary(name: "CLinux"),
    .target(name: "CFastCGI", linkerSettings: [.linkedLibrary("fcgi")]),
    .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPostgres", providers: [.apt(["libpq-dev"])]),
    .target(name: "CSimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),

    .target(name: "EventLoop", dependencies: ["CLinux"], swiftSettings: strict),
    .target(name: "Wire", dependencies: ["CSimdJSON"], swiftSettings: strict),
    .target(name: "Chat", dependencies: ["Wire"], swiftSettings: strict),
    .target(name: "Providers", dependencies: ["Wire", "Chat", crypto], swiftSettings: strict),
    .target(name: "FrontDoor", dependencies: ["CFastCGI", "EventLoop"], swiftSettings: strict),
    .target(name: "Upstream", dependencies: ["CCurl", "CZlib", "EventLoop"], swiftSettings: strict),
    .target(name: "SQL", path: "SQL", resources: statements().map { .embedInCode($0) }, swiftSettings: strict),
    .target(name: "Store", dependencies: ["CPostgres", "EventLoop", "SQL", "Chat", "Wire"], swiftSettings: strict),
    .target(
      name: "Service",
      dependencies: [
        "EventLoop", "Wire", "Chat", "Providers", "FrontDoor", "Upstream", "Store", crypto, jwt, logging,
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "sluice",
      dependencies: [
        "Service", "EventLoop", "Wire", "Chat", "Providers", "FrontDoor", "Upstream", "Store", argumentParser, crypto,
        logging,
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "sluice-sim",
      dependencies: [
        "CZlib", argumentParser,
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: strict),

    .executableTarget(
      name: "sluice-bench", dependencies: ["EventLoop", argumentParser], swiftSettings: strict),

    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(name: "EventLoopTests", dependencies: ["EventLoop", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "WireTests", dependencies: ["Wire", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "ChatTests", dependencies: ["Chat", "Wire", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "ProvidersTests", dependencies: ["Providers", "Chat", "Wire", "TestSupport"],
      resources: [.copy("Fixtures")],
      swiftSettings: strict),
    .testTarget(
      name: "FrontDoorTests", dependencies: ["FrontDoor", "EventLoop", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "UpstreamTests", dependencies: ["Upstream", "EventLoop", "TestSupport", "CZlib"], swiftSettings: strict,
      // A resolver that is slow at will takes the place of the system's, also for libcurl.
      linkerSettings: [.unsafeFlags(["-Xlinker", "--export-dynamic-symbol=getaddrinfo"])]),
    .testTarget(
      name: "StoreTests", dependencies: ["Store", "EventLoop", "SQL", "Chat", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "ServiceTests",
      dependencies: [
        "Service", "Chat", "Wire", "EventLoop", "FrontDoor", "Providers", "Store", "Upstream", crypto, logging,
        .product(name: "CryptoExtras", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "SimTests",
      dependencies: [
        "sluice-sim", "CZlib", "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: strict),
  ] + fuzz(),
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
