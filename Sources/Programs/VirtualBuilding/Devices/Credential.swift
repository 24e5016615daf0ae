import Crypto
import DeviceKit

/// A credential (开锁凭据) on the lock: what must be presented, and when it counts. The secret itself is not kept.
struct Credential: Hashable, Sendable {
  let id: String
  let method: String
  let digest: [UInt8]
  /// Milliseconds since 1970 UTC, both ends included.
  let validFrom: Int64
  let validUntil: Int64

  init(id: String, method: String, secret: String, validFrom: Int64, validUntil: Int64) {
    self.id = id
    self.method = method
    self.digest = Self.digest(id, method, secret)
    self.validFrom = validFrom
    self.validUntil = validUntil
  }

  func matches(method: String, secret: String) -> Bool {
    self.method == method && Self.digest(id, method, secret) == digest
  }

  private static func digest(_ id: String, _ method: String, _ secret: String) -> [UInt8] {
    Array(SHA256.hash(data: Array("\(id)\u{0}\(method)\u{0}\(secret)".utf8)))
  }
}

extension Credential {
  /// `id method from until digest` for the lock's memory; ids and methods hold no blank.
  var bytes: [UInt8] {
    Array("\(id) \(method) \(validFrom) \(validUntil) ".utf8) + digest
  }

  init?(bytes: [UInt8]) {
    let parts = bytes.split(separator: UInt8(ascii: " "), maxSplits: 4, omittingEmptySubsequences: false)
    guard parts.count == 5, let from = Int64(String(decoding: parts[2], as: UTF8.self)),
      let until = Int64(String(decoding: parts[3], as: UTF8.self))
    else { return nil }
    id = String(decoding: parts[0], as: UTF8.self)
    method = String(decoding: parts[1], as: UTF8.self)
    digest = Array(parts[4])
    validFrom = from
    validUntil = until
  }
}
