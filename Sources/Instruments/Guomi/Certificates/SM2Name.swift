/// Who somebody is in a certificate: attributes in order, each in a set of its own.
///
/// Two names are equal when their bytes are: an issuer is found by nothing weaker.
public struct SM2Name: Hashable, Sendable, CustomStringConvertible {
  /// What an attribute says.
  public enum Kind: Hashable, Sendable, CaseIterable {
    case country, province, locality, organization, organizationalUnit, commonName, serialNumber

    var id: ObjectID {
      switch self {
      case .country: ObjectID(2, 5, 4, 6)
      case .province: ObjectID(2, 5, 4, 8)
      case .locality: ObjectID(2, 5, 4, 7)
      case .organization: ObjectID(2, 5, 4, 10)
      case .organizationalUnit: ObjectID(2, 5, 4, 11)
      case .commonName: ObjectID(2, 5, 4, 3)
      case .serialNumber: ObjectID(2, 5, 4, 5)
      }
    }

    /// In bytes of UTF-8; RFC 5280, appendix A, in characters.
    var byteCountMax: Int { self == .country ? 2 : self == .commonName ? 192 : 256 }

    var short: String {
      switch self {
      case .country: "C"
      case .province: "ST"
      case .locality: "L"
      case .organization: "O"
      case .organizationalUnit: "OU"
      case .commonName: "CN"
      case .serialNumber: "SERIALNUMBER"
      }
    }
  }

  /// One part of a name, as its organisation or its country.
  public struct Attribute: Hashable, Sendable {
    public let kind: Kind
    public let text: String

    public init(_ kind: Kind, _ text: String) {
      self.kind = kind
      self.text = text
    }
  }

  /// Those of a known kind.
  public let attributes: [Attribute]
  /// The whole, as it stands in certificates.
  let der: [UInt8]

  private static let attributesMax = 16

  /// - Throws: `.nameInvalid` for an empty or too long text, or a country that is not two letters.
  public init(_ attributes: [Attribute]) throws(SM2CertificateError) {
    guard (1...Self.attributesMax).contains(attributes.count) else { throw .nameInvalid("") }
    var sets: [[UInt8]] = []
    for attribute in attributes {
      let text = Array(attribute.text.utf8)
      let isPrintable = attribute.kind == .country || attribute.kind == .serialNumber
      guard (1...attribute.kind.byteCountMax).contains(text.count), !text.contains(where: { $0 < 0x20 }),
        !isPrintable || text.allSatisfy(Self.isPrintable), attribute.kind != .country || text.count == 2
      else { throw .nameInvalid(attribute.text) }
      let value = DER.element(isPrintable ? DER.Tag.printableString : DER.Tag.utf8String, text)
      sets.append(DER.set(DER.sequence(attribute.kind.id.der, value)))
    }
    self.attributes = attributes
    der = DER.sequence(of: sets)
  }

  /// - Parameter commonName: the only attribute.
  public init(commonName: String) throws(SM2CertificateError) { try self.init([Attribute(.commonName, commonName)]) }

  /// From a certificate: the next element.
  init(reading reader: inout DERReader) throws(DERError) {
    let element = try reader.element()
    guard element.tag == DER.Tag.sequence else { throw .tag }
    var sets = DERReader(element.content)
    var attributes: [Attribute] = []
    var count = 0
    while !sets.isAtEnd {
      var set = try sets.set()
      repeat {
        count += 1
        guard count <= Self.attributesMax else { throw .length }
        var pair = try set.sequence()
        let id = try pair.objectID()
        let value = try pair.element()
        try pair.finish()
        guard let kind = Kind.allCases.first(where: { $0.id == id }) else { continue }
        let isText = [DER.Tag.utf8String, DER.Tag.printableString, DER.Tag.ia5String].contains(value.tag)
        guard isText, let text = String(validating: value.content, as: UTF8.self) else { throw .text }
        attributes.append(Attribute(kind, text))
      } while !set.isAtEnd
    }
    self.attributes = attributes
    der = Array(element.whole)
  }

  public var commonName: String? { attributes.last { $0.kind == .commonName }?.text }

  public var description: String { attributes.map { "\($0.kind.short)=\($0.text)" }.joined(separator: ",") }

  public static func == (left: SM2Name, right: SM2Name) -> Bool { left.der == right.der }

  public func hash(into hasher: inout Hasher) { hasher.combine(der) }

  private static func isPrintable(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
    case 0x20, 0x27...0x29, 0x2b...0x2f, 0x3a, 0x3d, 0x3f: true
    default: false
    }
  }
}
