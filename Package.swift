// swift-tools-version: 6.2
// One section a floor, highest floor first; an arrow only points down (docs/architecture.md).
// Tests/ArchitectureTests walks every import against these floors.

import PackageDescription

/// The settings of every Swift target: warnings stop the build, the upcoming features are on.
let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// One library target and, beside it, its tests; `testTables` are files beside them that only a test reads.
func room(
  _ name: String,
  _ floor: String,
  _ dependencies: [Target.Dependency],
  resources: [Resource] = [],
  testing: [Target.Dependency] = [],
  testResources: [Resource] = [],
  testTables: [String] = []
) -> [Target] {
  [
    .target(
      name: name,
      dependencies: dependencies,
      path: "Sources/\(floor)/\(name)",
      resources: resources,
      swiftSettings: strict
    ),
    .testTarget(
      name: "\(name)Tests",
      dependencies: [.byName(name: name), "TestSupport"] + testing,
      path: "Tests/\(name)Tests",
      exclude: testTables,
      resources: testResources,
      swiftSettings: strict
    ),
  ]
}

let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let collections: Target.Dependency = .product(name: "Collections", package: "swift-collections")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdHTTP2: Target.Dependency = .product(name: "HummingbirdHTTP2", package: "hummingbird")
let hummingbirdTesting: Target.Dependency = .product(name: "HummingbirdTesting", package: "hummingbird")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")
let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")

// MARK: Programs

let programs: [Target] = [
  .executableTarget(
    name: "anju",
    dependencies: [
      "Audit",
      "Guomi",
      "Kernel",
      "KeyService",
      "MQTT",
      "MerkleLog",
      "Server",
      "Vault",
      "WireFormats",
      argumentParser,
      crypto,
      lifecycle,
      logging,
      nio,
      nioPosix,
      unixSignals,
    ],
    path: "Sources/Programs/anju",
    swiftSettings: strict
  ),
  .executableTarget(
    name: "anju-vault",
    dependencies: [
      "Guomi",
      "Kernel",
      "KeyService",
      argumentParser,
      logging,
    ],
    path: "Sources/Programs/anju-vault",
    swiftSettings: strict
  ),
  .executableTarget(
    name: "anju-bench",
    dependencies: [
      "Audit",
      "CGuomi",
      "CLinux",
      "COpenSSL",
      "CertificateAuthority",
      "DeviceGateway",
      "Devices",
      "DurableLog",
      "Estate",
      "Guomi",
      "Kernel",
      "KeyLadder",
      "KeyService",
      "LoadGenerator",
      "MerkleLog",
      "Provisioning",
      "SQLStore",
      "Server",
      "Vault",
      "WireFormats",
      argumentParser,
      asn1,
      crypto,
      histogram,
      lifecycle,
      logging,
      nio,
      nioPosix,
      x509,
    ],
    path: "Sources/Programs/anju-bench",
    swiftSettings: strict
  ),
  .executableTarget(
    name: "anju-building",
    dependencies: [
      "DeviceKit",
      "VirtualBuilding",
      argumentParser,
      httpClient,
      lifecycle,
      logging,
      nio,
      nioHTTP1,
      nioPosix,
      unixSignals,
    ],
    path: "Sources/Programs/anju-building",
    swiftSettings: strict
  ),
  .executableTarget(
    name: "anju-element",
    dependencies: [
      "SecureElement",
      "SoftElement",
    ],
    path: "Sources/Programs/anju-element",
    swiftSettings: strict
  ),
] + room("KeyService", "Programs", [
  "CLinux",
  "Guomi",
  "Kernel",
  "KeyLadder",
  "PKCS11",
  "SQLStore",
  "Vault",
  "WireFormats",
  crypto,
  logging,
], testing: [
  "Guomi",
  "PKCS11",
  "SQLStore",
  "Vault",
  "WireFormats",
  "anju-crash-probe",
  "anju-vault",
  crypto,
]) + room("LoadGenerator", "Programs", [
  "CLinux",
  "COpenSSL",
  histogram,
], testing: [
  "MQTT",
]) + room("Server", "Programs", [
  "Accounts",
  "Alarms",
  "Audit",
  "CLinux",
  "CertificateAuthority",
  "Console",
  "DeviceGateway",
  "DeviceKit",
  "Devices",
  "DurableLog",
  "Estate",
  "Guomi",
  "Identities",
  "Kernel",
  "KeyLadder",
  "KeyService",
  "MQTT",
  "MerkleLog",
  "OpenAPI",
  "Privacy",
  "Provisioning",
  "SQLStore",
  "SecureElement",
  "Vault",
  "VirtualBuilding",
  "WireFormats",
  configuration,
  hummingbird,
  hummingbirdCore,
  hummingbirdHTTP2,
  lifecycle,
  logging,
  nio,
  nioPosix,
  nioSSL,
  nioTLS,
  unixSignals,
], testing: [
  "Accounts",
  "Audit",
  "Alarms",
  "CertificateAuthority",
  "Devices",
  "Estate",
  "DeviceGateway",
  "DeviceKit",
  "Guomi",
  "Kernel",
  "KeyLadder",
  "KeyService",
  "PKCS11",
  "Provisioning",
  "SQLStore",
  "SecureElement",
  "Vault",
  "VirtualBuilding",
  "WireFormats",
  "anju",
  "anju-building",
  "anju-element",
  "anju-vault",
  httpClient,
  nio,
  nioHTTP1,
  nioPosix,
  nioSSL,
]) + room("SoftElement", "Programs", [
  "CLinux",
  "COpenSSL",
  "Guomi",
  "KeyLadder",
  "RandomTests",
  "SecureElement",
], testing: [
  "COpenSSL",
  "Guomi",
  "KeyLadder",
  "RandomTests",
  "SecureElement",
  "anju-element",
]) + room("VirtualBuilding", "Programs", [
  "DeviceKit",
  "SecureElement",
  crypto,
  httpTypes,
  hummingbird,
  lifecycle,
  logging,
  nio,
  nioPosix,
], testing: [
  "CertificateAuthority",
  httpClient,
  nioHTTP1,
  nioPosix,
])

// MARK: Surfaces

let surfaces: [Target] = room("Console", "Surfaces", [
  "Accounts",
  "Alarms",
  "Audit",
  "CQREncode",
  "Devices",
  "Estate",
  "Guomi",
  "Identities",
  "Kernel",
  "OpenAPI",
  "Privacy",
  "Provisioning",
  hummingbird,
  httpTypes,
  lifecycle,
  logging,
  mustache,
  nio,
], resources: [
  .copy("Localizations"),
  .copy("Static"),
  .copy("Templates"),
], testing: [
  "KeyLadder",
  "SQLStore",
  "Vault",
  httpTypes,
  hummingbirdTesting,
  nioEmbedded,
]) + room("DeviceGateway", "Surfaces", [
  "Devices",
  "DurableLog",
  "Guomi",
  "KeyLadder",
  "Kernel",
  "MQTT",
  "Provisioning",
  "WireFormats",
  collections,
  lifecycle,
  logging,
  metrics,
  nio,
  nioPosix,
  nioSSL,
  x509,
], testing: [
  "CertificateAuthority",
  "DeviceKit",
  "Estate",
  "SQLStore",
  "SecureElement",
  asn1,
  crypto,
]) + room("OpenAPI", "Surfaces", [
  "Accounts",
  "Alarms",
  "Audit",
  "Devices",
  "Estate",
  "Guomi",
  "Identities",
  "Kernel",
  "KeyLadder",
  "Privacy",
  "Provisioning",
  crypto,
  httpTypes,
  hummingbird,
  hummingbirdCore,
  lifecycle,
  logging,
  nio,
], testing: [
  "CertificateAuthority",
  "Guomi",
  "KeyLadder",
  "Provisioning",
  "SQLStore",
  "Vault",
  hummingbirdTesting,
  nioPosix,
], testTables: ["permissions.tsv"])

// MARK: Contexts

let contexts: [Target] = room("Accounts", "Contexts", [
  "Audit",
  "CSodium",
  "Guomi",
  "Kernel",
  "SQLStore",
  "Vault",
  crypto,
  logging,
]) + room("Provisioning", "Contexts", [
  "Audit",
  "Guomi",
  "KeyLadder",
  "Kernel",
  "SQLStore",
]) + room("Privacy", "Contexts", [
  "Accounts",
  "Audit",
  "Guomi",
  "Kernel",
  "SQLStore",
  "Vault",
  crypto,
  lifecycle,
  logging,
], resources: [
  .copy("Policy"),
], testing: [
  crypto,
  "anju-crash-probe",
]) + room("Estate", "Contexts", [
  "Accounts",
  "Audit",
  "Kernel",
  "SQLStore",
  logging,
]) + room("Devices", "Contexts", [
  "Audit",
  "CertificateAuthority",
  "DurableLog",
  "Estate",
  "Kernel",
  "SQLStore",
  "TimeSeries",
  "WireFormats",
  collections,
  lifecycle,
  logging,
], resources: [
  .copy("ThingModels"),
], testing: [
  "anju-crash-probe",
  asn1,
  crypto,
  x509,
]) + room("Identities", "Contexts", [
  "Audit",
  "CertificateAuthority",
  "Guomi",
  "Kernel",
  "SQLStore",
  "Vault",
  "WireFormats",
  lifecycle,
  logging,
], testing: [
  "CertificateAuthority",
  "Guomi",
  "SQLStore",
  "Vault",
]) + room("Alarms", "Contexts", [
  "Audit",
  "Devices",
  "Estate",
  "Kernel",
  "SQLStore",
  lifecycle,
  logging,
])

// MARK: Kernel

let kernel: [Target] = room("Audit", "Kernel", [
  "Guomi",
  "Kernel",
  "MerkleLog",
  "SQLStore",
  lifecycle,
  logging,
], testing: [
  "anju-crash-probe",
  crypto,
]) + room("Kernel", "Kernel", [
  "SQLStore",
  lifecycle,
  logging,
], testing: [
  "anju-crash-probe",
]) + room("Vault", "Kernel", [
  "Audit",
  "CLinux",
  "Guomi",
  "Kernel",
  "SQLStore",
  "WireFormats",
  crypto,
], testing: [
  "Guomi",
  "Kernel",
  "SQLStore",
  "WireFormats",
])

// MARK: Instruments

let instruments: [Target] = room("CertificateAuthority", "Instruments", [
  asn1,
  crypto,
  x509,
], testing: [
  asn1,
  crypto,
  x509,
]) + room("DurableLog", "Instruments", [
  grdbSQLite,
  logging,
]) + [
  // C: SM4 for several processors, and what of OpenSSL Swift can not import.
  .target(
    name: "CGuomi",
    dependencies: [
      "COpenSSL",
    ],
    path: "Sources/Instruments/CGuomi",
    publicHeadersPath: "include",
    cSettings: [
      .treatAllWarnings(as: .error),
    ]
  ),
] + room("Guomi", "Instruments", [
  "CGuomi",
], testing: [
  "CGuomi",
], testResources: [
  .copy("Peers"),
]) + room("KeyLadder", "Instruments", [
  "Guomi",
]) + room("MerkleLog", "Instruments", [
], testing: [
  crypto,
]) + room("MQTT", "Instruments", [
  collections,
  logging,
  nio,
  nioPosix,
  nioSSL,
], testing: [
  logging,
  nio,
  nioEmbedded,
  nioPosix,
  nioSSL,
], testResources: [
  .copy("Conformance/ClientVectors"),
  .copy("Conformance/Vectors"),
]) + room("PKCS11", "Instruments", [
  "CPKCS11",
]) + room("RandomTests", "Instruments", [
]) + room("SQLStore", "Instruments", [
  "CLibpq",
  grdb,
  grdbSQLite,
  logging,
]) + room("TimeSeries", "Instruments", [
]) + room("WireFormats", "Instruments", [
])

// MARK: SDK

let sdk: [Target] = room("DeviceKit", "SDK", [
  "Guomi",
  "KeyLadder",
  "MQTT",
  "SecureElement",
  asn1,
  collections,
  crypto,
  grdbSQLite,
  logging,
  nio,
  nioPosix,
  nioSSL,
  nioTLS,
  x509,
], testing: [
  "CertificateAuthority",
  "MQTT",
  nioPosix,
]) + room("SecureElement", "SDK", [
])

// MARK: System libraries

let system: [Target] = [
  .systemLibrary(name: "CLinux", path: "Sources/System/CLinux"),
  .systemLibrary(name: "CLibpq", path: "Sources/System/CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
  .systemLibrary(
    name: "COpenSSL", path: "Sources/System/COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
  .systemLibrary(
    name: "CPKCS11", path: "Sources/System/CPKCS11", pkgConfig: "p11-kit-1", providers: [.apt(["libp11-kit-dev"])]),
  .systemLibrary(
    name: "CQREncode", path: "Sources/System/CQREncode", pkgConfig: "libqrencode",
    providers: [.apt(["libqrencode-dev"])]),
  .systemLibrary(
    name: "CSodium", path: "Sources/System/CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
]

// MARK: Tests of the whole

let wholes: [Target] = [
  .executableTarget(
    name: "anju-crash-probe",
    dependencies: [
      "Accounts",
      "Audit",
      "Devices",
      "DurableLog",
      "Guomi",
      "Kernel",
      "KeyService",
      "MerkleLog",
      "Privacy",
      "SQLStore",
      "Vault",
      "WireFormats",
      logging,
    ],
    path: "Sources/TestPrograms/anju-crash-probe",
    swiftSettings: strict
  ),
  .target(
    name: "TestSupport",
    dependencies: [
      "Audit",
      "CLinux",
      "CertificateAuthority",
      "Guomi",
      "Kernel",
      "MQTT",
      "SQLStore",
      "Vault",
      "WireFormats",
      asn1,
      crypto,
      logging,
      nio,
      nioPosix,
      nioSSL,
      x509,
    ],
    path: "Sources/TestSupport",
    swiftSettings: strict
  ),
  .testTarget(
    name: "TestSupportTests",
    dependencies: [
      "TestSupport",
    ],
    path: "Tests/TestSupportTests",
    swiftSettings: strict
  ),
  .testTarget(
    name: "ArchitectureTests",
    dependencies: [
      "TestSupport",
    ],
    path: "Tests/ArchitectureTests",
    swiftSettings: strict
  ),
]

let package = Package(
  name: "anju",
  products: [
    .executable(name: "anju", targets: ["anju"]),
    .executable(name: "anju-bench", targets: ["anju-bench"]),
    .executable(name: "anju-building", targets: ["anju-building"]),
    .executable(name: "anju-element", targets: ["anju-element"]),
    .executable(name: "anju-vault", targets: ["anju-vault"]),
    .library(name: "DeviceKit", targets: ["DeviceKit"]),
    .library(name: "Guomi", targets: ["Guomi"]),
    .library(name: "MQTT", targets: ["MQTT"]),
    .library(name: "PKCS11", targets: ["PKCS11"]),
    .library(name: "SecureElement", targets: ["SecureElement"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
  ],
  targets: programs + surfaces + contexts + kernel + instruments + sdk + system + wholes,
  swiftLanguageModes: [.v6]
)

