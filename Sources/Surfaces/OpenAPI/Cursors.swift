import Crypto
import Foundation

/// Makes and reads the opaque cursors of lists.
///
/// A cursor is sealed with an HMAC over the list, its filters and the organisation: it can be neither made up nor
/// used for another list.
package struct Cursors: Sendable {
  private let key: SymmetricKey

  /// - Parameter secret: at least 32 random bytes; the same in every copy of the server, so that a page may come
  ///   from one and the next from another.
  package init(secret: [UInt8]) {
    precondition(secret.count >= 32, "a cursor secret has at least 32 bytes")
    self.key = SymmetricKey(data: secret)
  }

  /// The text for a position in a list.
  ///
  /// - Parameter scope: which list with which filters.
  func seal(_ position: some Encodable, scope: String) throws -> String {
    let payload = Data(try JSONBody.encode(position))
    return "\(Self.text(payload)).\(Self.text(tag(payload, scope)))"
  }

  /// The position in a cursor's text.
  ///
  /// - Throws: `Problem.cursorInvalid`.
  func open<T: Decodable>(_: T.Type, _ text: String, scope: String) throws(Problem) -> T {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let payload = Self.data(parts[0]), let given = Self.data(parts[1]),
      Self.isEqual(given, tag(payload, scope)),
      let position = try? JSONDecoder().decode(T.self, from: payload)
    else { throw .cursorInvalid }
    return position
  }

  private func tag(_ payload: Data, _ scope: String) -> Data {
    var mac = HMAC<SHA256>(key: key)
    mac.update(data: Data(scope.utf8))
    mac.update(data: Data([0]))
    mac.update(data: payload)
    return Data(mac.finalize()).prefix(16)
  }

  /// In constant time, so that a tag can not be guessed byte by byte.
  private static func isEqual(_ left: Data, _ right: Data) -> Bool {
    left.count == right.count && zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }

  private static func text(_ data: Data) -> String {
    data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  private static func data(_ text: Substring) -> Data? {
    guard text.utf8.count <= 1_024 else { return nil }
    let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    return Data(base64Encoded: text.replacing("-", with: "+").replacing("_", with: "/") + padding)
  }
}
