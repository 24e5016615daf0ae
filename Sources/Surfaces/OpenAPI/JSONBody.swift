import Foundation

/// JSON in and out, the same way everywhere.
enum JSONBody {
  /// Decodes a checked value.
  static func decode<T: Decodable>(_: T.Type, from value: JSONValue) throws -> T {
    try JSONDecoder().decode(T.self, from: Data(encode(value)))
  }

  /// Members sorted by name, so that equal values have equal bytes and ETags.
  static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }
}
