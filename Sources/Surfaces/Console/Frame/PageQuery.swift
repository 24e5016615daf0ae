import Foundation
import Hummingbird

/// The query of a page's address. It holds all state of a table, so an address can be kept and sent to others.
struct PageQuery: Sendable, Equatable {
  /// More are ignored.
  static let parametersMax = 32

  let path: String
  private(set) var values: [String: String]

  init(_ request: Request) {
    path = request.uri.path
    values = [:]
    for (key, value) in request.uri.queryParameters.prefix(Self.parametersMax) where values[String(key)] == nil {
      values[String(key)] = String(value)
    }
  }

  init(path: String, values: [String: String] = [:]) {
    self.path = path
    self.values = values
  }

  /// The value without blanks around; nil when it is empty or absent.
  subscript(_ name: String) -> String? {
    guard let value = values[name]?.trimming(), !value.isEmpty else { return nil }
    return value
  }

  /// The value as one of an enumeration's; nil for anything else.
  func word<T: RawRepresentable<String>>(_ name: String, _: T.Type = T.self) -> T? {
    self[name].flatMap { T(rawValue: $0) }
  }

  /// Several words with commas between; unknown ones are left out.
  func words<T: RawRepresentable<String> & Hashable>(_ name: String, _: T.Type = T.self) -> Set<T> {
    Set((self[name] ?? "").split(separator: ",").compactMap { T(rawValue: String($0)) })
  }

  /// A whole number brought into the range.
  func number(_ name: String, in range: ClosedRange<Int>, default value: Int) -> Int {
    min(max(self[name].flatMap { Int($0) } ?? value, range.lowerBound), range.upperBound)
  }

  /// This address with some values changed; nil takes one away.
  func address(_ changes: [String: String?] = [:]) -> String {
    var all = values
    for (name, value) in changes { all[name] = value }
    let pairs = all.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
    guard !pairs.isEmpty else { return path }
    return path + "?" + pairs.map { "\(Self.encode($0.key))=\(Self.encode($0.value))" }.joined(separator: "&")
  }

  static func encode(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
  }

  private static let unreserved = CharacterSet(
    charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~,")
}
