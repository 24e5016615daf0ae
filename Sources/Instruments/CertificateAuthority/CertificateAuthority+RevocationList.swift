import Crypto
import FoundationEssentials
import SwiftASN1
import X509

extension CertificateAuthority {
  /// One certificate that is no longer good.
  public struct Revoked: Sendable, Hashable {
    /// Hexadecimal.
    public let serial: String
    /// Seconds since 1970.
    public let at: Int64
    public let reason: RevocationReason

    public init(serial: String, at: Int64, reason: RevocationReason) {
      self.serial = serial
      self.at = at
      self.reason = reason
    }
  }

  /// - Source: RFC 5280, section 5.3.1.
  public enum RevocationReason: Int, Sendable, Hashable, CaseIterable {
    case unspecified = 0
    case keyCompromise = 1
    case affiliationChanged = 3
    case superseded = 4
    case cessationOfOperation = 5
    case privilegeWithdrawn = 9
  }

  /// Signs a revocation list.
  ///
  /// - Parameters:
  ///   - number: greater than that of every list before.
  ///   - thisUpdate: seconds since 1970.
  ///   - nextUpdate: when the next list will be there at the latest.
  /// - Returns: DER.
  /// - Source: RFC 5280, section 5.
  public func revocationList(
    number: Int64, revoked: [Revoked], thisUpdate: Int64, nextUpdate: Int64
  ) throws(CertificateAuthorityError) -> [UInt8] {
    let body = try RevocationListBody(
      issuer: certificate, number: number, revoked: revoked, thisUpdate: thisUpdate, nextUpdate: nextUpdate
    ).bytes()
    return try Self.wrapping {
      try SignedBody.frame(body, Array(key.signature(for: body).derRepresentation))
    }
  }
}

/// What a revocation list's signature is over.
struct RevocationListBody {
  let issuer: Certificate
  let number: Int64
  let revoked: [CertificateAuthority.Revoked]
  let thisUpdate: Int64
  let nextUpdate: Int64

  func bytes() throws(CertificateAuthorityError) -> [UInt8] {
    guard nextUpdate > thisUpdate, number >= 0 else { throw .validityInvalid }
    let entries = try revoked.map { (entry) throws(CertificateAuthorityError) in try Self.entry(entry) }
    return try CertificateAuthority.wrapping {
      var body = DER.Serializer()
      try body.appendConstructedNode(identifier: .sequence) { coder throws in
        try coder.serialize(1)
        try coder.serialize(SignatureIdentifier())
        try coder.serialize(issuer.subject)
        try coder.serialize(ListTime(thisUpdate))
        try coder.serialize(ListTime(nextUpdate))
        if !entries.isEmpty {
          try coder.serializeSequenceOf(entries)
        }
        try coder.appendConstructedNode(
          identifier: ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)
        ) { coder throws in
          try coder.serializeSequenceOf(try extensions())
        }
      }
      return body.serializedBytes
    }
  }

  private func extensions() throws -> [ListExtension] {
    let authority = AuthorityKeyIdentifier(
      keyIdentifier: SubjectKeyIdentifier(hash: issuer.publicKey).keyIdentifier)
    let identifier = try authority.makeCertificateExtension()
    var value = DER.Serializer()
    try value.serialize(number)
    return [
      ListExtension(oid: identifier.oid, value: identifier.value),
      ListExtension(oid: [2, 5, 29, 20], value: ArraySlice(value.serializedBytes)),
    ]
  }

  private static func entry(_ revoked: CertificateAuthority.Revoked) throws(CertificateAuthorityError) -> ListEntry {
    guard let serial = serialBytes(revoked.serial), !serial.isEmpty else { throw .serialInvalid }
    return ListEntry(serial: serial, at: revoked.at, reason: revoked.reason)
  }
}

/// `AlgorithmIdentifier` of ecdsa-with-SHA256, which has no parameters (RFC 5758, section 3.2).
struct SignatureIdentifier: DERSerializable {
  func serialize(into coder: inout DER.Serializer) throws {
    try coder.appendConstructedNode(identifier: .sequence) { coder throws in
      try coder.serialize([1, 2, 840, 10_045, 4, 3, 2] as ASN1ObjectIdentifier)
    }
  }
}

/// UTCTime through 2049, GeneralizedTime from then on (RFC 5280, section 5.1.2.4).
private struct ListTime: DERSerializable {
  let seconds: Int64

  init(_ seconds: Int64) { self.seconds = seconds }

  func serialize(into coder: inout DER.Serializer) throws {
    let time = CivilTime(seconds: seconds)
    if (1_950..<2_050).contains(time.year) {
      try coder.serialize(
        UTCTime(
          year: time.year, month: time.month, day: time.day, hours: time.hour, minutes: time.minute,
          seconds: time.second))
    } else {
      try coder.serialize(
        GeneralizedTime(
          year: time.year, month: time.month, day: time.day, hours: time.hour, minutes: time.minute,
          seconds: time.second, rawFractionalSeconds: []))
    }
  }
}

private struct ListExtension: DERSerializable {
  let oid: ASN1ObjectIdentifier
  let value: ArraySlice<UInt8>

  func serialize(into coder: inout DER.Serializer) throws {
    try coder.appendConstructedNode(identifier: .sequence) { coder throws in
      try coder.serialize(oid)
      try coder.serialize(ASN1OctetString(contentBytes: value))
    }
  }
}

private struct ListEntry: DERSerializable {
  let serial: [UInt8]
  let at: Int64
  let reason: CertificateAuthority.RevocationReason

  func serialize(into coder: inout DER.Serializer) throws {
    try coder.appendConstructedNode(identifier: .sequence) { coder throws in
      coder.appendPrimitiveNode(identifier: .integer) { $0.append(contentsOf: serial) }
      try coder.serialize(ListTime(at))
      // The reason "unspecified" is told by leaving it out (RFC 5280, section 5.3.1).
      guard reason != .unspecified else { return }
      let value: ArraySlice<UInt8> = [0x0a, 0x01, UInt8(reason.rawValue)]
      try coder.serializeSequenceOf([ListExtension(oid: [2, 5, 29, 21], value: value)])
    }
  }
}

/// The bytes of a hexadecimal text; nil for anything else. A first bit of one gets a zero byte before it: a serial
/// number is positive.
private func serialBytes(_ text: String) -> [UInt8]? {
  let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
  guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2), digits.count <= 40 else { return nil }
  let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  return (bytes.first ?? 0) >= 0x80 ? [0] + bytes : bytes
}
