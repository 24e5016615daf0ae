import Foundation
import Hummingbird
import NIOCore
import OpenAPI

/// The fields of a posted form.
struct PageForm: Sendable {
  /// Longer bodies are refused, but where an act says otherwise.
  static let bytesMax = 16 * 1_024

  private var values: [String: String] = [:]

  /// Reads `application/x-www-form-urlencoded`.
  ///
  /// - Throws: `Problem` 413 or 415.
  init(_ request: Request, bytesMax: Int = PageForm.bytesMax) async throws {
    let type = request.headers[.contentType] ?? ""
    guard type.lowercased().hasPrefix("application/x-www-form-urlencoded") else {
      throw Problem.mediaType("application/x-www-form-urlencoded")
    }
    do {
      let buffer = try await request.body.collect(upTo: bytesMax)
      self.init(text: String(buffer: buffer))
    } catch is NIOTooManyBytesError {
      throw Problem.tooLarge(bytesMax: bytesMax)
    }
  }

  init(text: String) {
    for pair in text.split(separator: "&").prefix(64) {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decode(parts[0]) else { continue }
      values[name] = parts.count > 1 ? Self.decode(parts[1]) : ""
    }
  }

  /// The field as it was typed; nil when it was not sent.
  subscript(_ name: String) -> String? { values[name] }

  /// The field without blanks around; nil when it is empty.
  func text(_ name: String) -> String? {
    guard let text = values[name]?.trimming(), !text.isEmpty else { return nil }
    return text
  }

  /// All fields, by name.
  var fields: [(name: String, value: String)] {
    values.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
  }

  /// The fields whose names begin so, without that beginning.
  func all(_ prefix: String) -> [String: String] {
    var found: [String: String] = [:]
    for (name, value) in values where name.hasPrefix(prefix) {
      found[String(name.dropFirst(prefix.count))] = value
    }
    return found
  }

  private static func decode(_ text: Substring) -> String? {
    text.replacing("+", with: " ").removingPercentEncoding
  }
}
