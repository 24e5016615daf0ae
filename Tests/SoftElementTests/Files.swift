import Foundation
import TestSupport

/// Whole files, for tests.
enum Files {
  static func read(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

  static func write(_ bytes: [UInt8], _ path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }

  /// The process that was given a path as an argument, itself and not what started it.
  static func process(holding path: String) -> Int? {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return all.compactMap(Int.init).first { number in
      guard let line = try? read("/proc/\(number)/cmdline") else { return false }
      let arguments = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      return arguments.first?.hasSuffix("/anju-element") == true && arguments.contains(path)
    }
  }

  /// The lines of a process's status.
  static func status(_ process: Int) throws -> [String: String] {
    let text = String(decoding: try read("/proc/\(process)/status"), as: UTF8.self)
    let pairs = text.split(separator: "\n").map { $0.split(separator: ":", maxSplits: 1) }
    return Dictionary(
      pairs.filter { $0.count == 2 }.map { (String($0[0]), $0[1].trimmingCharacters(in: .whitespaces)) },
      uniquingKeysWith: { first, _ in first })
  }

  static func mode(_ path: String) throws -> Int {
    (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue ?? -1
  }

  static func setMode(_ path: String, _ mode: Int) throws {
    try FileManager.default.setAttributes([.posixPermissions: NSNumber(value: mode)], ofItemAtPath: path)
  }
}

extension TemporaryFolder {
  /// Its path.
  var home: String { url.path }
}
