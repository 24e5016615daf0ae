import Foundation

/// The floors of the house and who may import whom (docs/architecture.md).
struct Floors {
  enum Floor: String, CaseIterable {
    case programs = "Programs"
    case surfaces = "Surfaces"
    case contexts = "Contexts"
    case kernel = "Kernel"
    case instruments = "Instruments"
    case sdk = "SDK"
    case system = "System"
    case testPrograms = "TestPrograms"
    case testSupport = "TestSupport"
  }

  /// Within these floors a module may import those before it; modules not named here import none of their floor.
  static let orders: [Floor: [String]] = [
    // C beside the Swift that gives it a type.
    .instruments: ["CGuomi", "Guomi", "KeyLadder"],
    .contexts: ["Accounts", "Privacy", "Provisioning", "Estate", "Devices", "Alarms"],
    .surfaces: ["OpenAPI", "Console"],
    .kernel: ["Kernel", "Audit", "Vault"],
    .sdk: ["SecureElement", "DeviceKit"],
  ]

  /// The floors a floor may use, besides its own.
  static let below: [Floor: Set<Floor>] = [
    .programs: [.surfaces, .contexts, .kernel, .instruments, .sdk, .system],
    .surfaces: [.contexts, .kernel, .instruments],
    .contexts: [.kernel, .instruments, .system],
    .kernel: [.instruments, .system],
    .instruments: [.system],
    .sdk: [.instruments, .system],
    .system: [],
    .testPrograms: [.programs, .contexts, .kernel, .instruments],
    .testSupport: [.kernel, .instruments, .system],
  ]

  /// The floor of each module of this package.
  let modules: [String: Floor]

  /// - Parameter files: paths below Sources.
  init(files: [String]) {
    var modules: [String: Floor] = [:]
    for file in files {
      guard let place = Self.place(of: file) else { continue }
      modules[place.module] = place.floor
    }
    self.modules = modules
  }

  /// Which module of which floor a file belongs to.
  static func place(of file: String) -> (module: String, floor: Floor)? {
    let parts = file.split(separator: "/").map(String.init)
    guard parts.count >= 2, let floor = Floor(rawValue: parts[0]) else { return nil }
    // TestSupport is one module.
    return (floor == .testSupport ? parts[0] : parts[1], floor)
  }

  /// Says why a module may not import another; nil when it may, or when the other is not of this package.
  func objection(_ module: String, imports other: String) -> String? {
    guard module != other, let floor = modules[module], let otherFloor = modules[other] else { return nil }
    guard floor == otherFloor else {
      return Self.below[floor, default: []].contains(otherFloor)
        ? nil : "\(module) (\(floor.rawValue)) imports \(other) (\(otherFloor.rawValue))"
    }
    // The programs share what they are made of; nobody else imports them.
    if floor == .programs { return nil }
    let order = Self.orders[floor, default: []]
    if let place = order.firstIndex(of: module), let otherPlace = order.firstIndex(of: other), otherPlace < place {
      return nil
    }
    return "\(module) imports \(other), which is not before it in \(floor.rawValue)"
  }

  /// The modules that a source text imports.
  static func imports(of text: String) -> [String] {
    let importLine = #/
      ^\s* (?: @\w+ (?: \( [^)]* \) )? \s+ )*
      (?: (?: public | package | internal | fileprivate | private ) \s+ )?
      import \s+
      (?: (?: struct | class | enum | protocol | func | var | let | typealias | actor ) \s+ )?
      (\w+)
      /#
    return text.split(separator: "\n").compactMap { line in
      line.firstMatch(of: importLine).map { String($0.output.1) }
    }
  }
}

/// The Swift files of this package.
struct SourceTree {
  let root: URL

  /// The folder of Package.swift.
  static let package = SourceTree(
    root: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent())

  /// - Returns: paths below the folder, in order.
  func swiftFiles(in folder: String) throws -> [String] {
    let start = root.appending(path: folder)
    guard let found = FileManager.default.enumerator(atPath: start.path) else { return [] }
    return found.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted()
  }

  func text(_ folder: String, _ file: String) throws -> String {
    try String(contentsOf: root.appending(path: folder).appending(path: file), encoding: .utf8)
  }
}
