/// What a server needs of a peer's certificate that the TLS library has verified already: its names, serial number and
/// end, read in one walk over the DER bytes without building the certificate.
///
/// - Source: RFC 5280, section 4.1.
public struct PeerCertificate: Sendable, Hashable {
  /// Big endian, without leading zeros; 1 to 20 bytes.
  public let serial: [UInt8]
  /// Seconds since 1970.
  public let notBefore: Int64
  public let notAfter: Int64
  /// The subject alternative names that are URIs, at most 16.
  public let uris: [String]

  /// Hexadecimal, lower case.
  public var serialText: String { hexadecimal(serial) }

  /// Whether `seconds` (since 1970) lies within its validity.
  public func isValid(at seconds: Int64) -> Bool { seconds >= notBefore && seconds <= notAfter }

  /// - Returns: nil when the bytes are not a version 3 certificate in DER.
  public init?(der: some Collection<UInt8>) {
    let parsed: PeerCertificate? = Array(der).withUnsafeBytes { PeerCertificate(bytes: $0) }
    guard let parsed else { return nil }
    self = parsed
  }

  private init?(bytes: UnsafeRawBufferPointer) {
    var outer = DERReader(bytes)
    guard var certificate = outer.enter(DERReader.sequence), var body = certificate.enter(DERReader.sequence),
      body.enter(0xa0) != nil,
      let serial = body.primitive(DERReader.integer), (1...21).contains(serial.count),
      body.skip(DERReader.sequence), body.skip(DERReader.sequence),
      var validity = body.enter(DERReader.sequence),
      let notBefore = validity.time(), let notAfter = validity.time(),
      body.skip(DERReader.sequence), body.skip(DERReader.sequence)
    else { return nil }
    self.serial = Array(serial.drop { $0 == 0 })
    self.notBefore = notBefore
    self.notAfter = notAfter
    // Unique identifiers, which nobody uses, may stand before the extensions.
    _ = body.skip(0x81)
    _ = body.skip(0x82)
    guard var wrapped = body.enter(0xa3), let extensions = wrapped.enter(DERReader.sequence),
      let uris = Self.uris(in: extensions)
    else { return nil }
    self.uris = uris
  }

  private static func uris(in extensions: DERReader) -> [String]? {
    var extensions = extensions
    while !extensions.isAtEnd {
      guard var entry = extensions.enter(DERReader.sequence), let oid = entry.primitive(DERReader.objectIdentifier)
      else { return nil }
      _ = entry.skip(DERReader.boolean)
      guard let value = entry.primitive(DERReader.octetString) else { return nil }
      // 2.5.29.17, the subject alternative name.
      guard oid.elementsEqual([0x55, 0x1d, 0x11]) else { continue }
      var content = DERReader(value)
      guard var names = content.enter(DERReader.sequence) else { return nil }
      var uris: [String] = []
      while !names.isAtEnd {
        guard let (tag, name) = names.next() else { return nil }
        guard tag == 0x86 else { continue }
        guard uris.count < 16, name.count <= 2_048, name.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        uris.append(String(decoding: name, as: UTF8.self))
      }
      return uris
    }
    return []
  }
}
