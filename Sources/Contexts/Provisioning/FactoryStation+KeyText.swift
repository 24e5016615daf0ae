import Foundation
import Guomi
import Kernel

extension FactoryStation {
  /// A station's key as its maker sends it: a PEM public key, a PEM certificate, Base64, or hexadecimal digits of the
  /// point.
  ///
  /// A certificate is only the envelope here: whoever registers a station compares the fingerprint with its maker.
  /// - Returns: the point, 65 bytes; nil for anything else, also for a key of another curve.
  package static func key(text: String) -> [UInt8]? {
    guard text.utf8.count <= keyTextBytesMax else { return nil }
    if text.contains("-----BEGIN CERTIFICATE-----") { return (try? SM2Certificate(pem: text))?.key.x963 }
    if text.contains("-----BEGIN") { return (try? SM2.PublicPoint(pem: text))?.x963 }
    let plain = text.filter { !$0.isWhitespace && $0 != ":" }
    let bytes = hexadecimal(plain) ?? Data(base64Encoded: plain).map { Array($0) }
    guard let bytes else { return nil }
    if let point = try? SM2.PublicPoint(x963: bytes) { return point.x963 }
    // The DER of a public key, without the lines around it.
    return (try? SM2.PublicPoint(der: bytes))?.x963
  }

  /// Longer texts are no key.
  package static let keyTextBytesMax = 16 * 1_024

  /// What two people compare over the telephone: the first 16 bytes of SM3 of the point, in groups of four digits.
  package static func fingerprint(of key: [UInt8]) -> String {
    let bytes = SM3.hash(key).bytes
    return stride(from: 0, to: 16, by: 2).map { bytes[$0..<$0 + 2].hexadecimal }.joined(separator: " ")
  }

  private static func hexadecimal(_ text: String) -> [UInt8]? {
    let digits = text.compactMap(\.hexDigitValue)
    guard digits.count == text.count, digits.count == 130 else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}
