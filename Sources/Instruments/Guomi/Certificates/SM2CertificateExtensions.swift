/// What a certificate allows its key, and how else its holder is called.
public struct SM2CertificateExtensions: Hashable, Sendable {
  /// An authority, and how many more may follow below it; nil for any number.
  public enum Role: Hashable, Sendable {
    case endEntity
    case authority(pathLengthMax: Int?)
  }

  /// - Source: RFC 5280, 4.2.1.3; bits in the standard's order.
  public struct KeyUsage: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let digitalSignature = KeyUsage(rawValue: 1 << 0)
    public static let nonRepudiation = KeyUsage(rawValue: 1 << 1)
    public static let keyEncipherment = KeyUsage(rawValue: 1 << 2)
    public static let dataEncipherment = KeyUsage(rawValue: 1 << 3)
    public static let keyAgreement = KeyUsage(rawValue: 1 << 4)
    public static let certificateSigning = KeyUsage(rawValue: 1 << 5)
    public static let revocationListSigning = KeyUsage(rawValue: 1 << 6)
  }

  /// What the certificate's key may be used for.
  public enum Purpose: Hashable, Sendable, CaseIterable {
    case serverAuthentication, clientAuthentication, codeSigning, timeStamping

    var id: ObjectID {
      switch self {
      case .serverAuthentication: ObjectID(1, 3, 6, 1, 5, 5, 7, 3, 1)
      case .clientAuthentication: ObjectID(1, 3, 6, 1, 5, 5, 7, 3, 2)
      case .codeSigning: ObjectID(1, 3, 6, 1, 5, 5, 7, 3, 3)
      case .timeStamping: ObjectID(1, 3, 6, 1, 5, 5, 7, 3, 8)
      }
    }
  }

  /// Another name of the holder.
  public enum AlternativeName: Hashable, Sendable {
    case dns(String)
    case uri(String)
    case email(String)
    /// 4 or 16 bytes.
    case ip([UInt8])
  }

  public var role = Role.endEntity
  /// Nil where a certificate does not say, which is no restriction; ours always do.
  public var keyUsage: KeyUsage?
  /// Nil for any.
  public var purposes: Set<Purpose>?
  public var names: [AlternativeName] = []
  /// Where the issuer's revocation list is to be fetched: the first URL of the first point; nil where none is said.
  ///
  /// - Source: RFC 5280, 4.2.1.13.
  public var revocationListAddress: String?
  public internal(set) var subjectKeyID: [UInt8]?
  public internal(set) var authorityKeyID: [UInt8]?

  static let namesMax = 64
  static let extensionsMax = 32

  public init() {}

  static let basicConstraintsID = ObjectID(2, 5, 29, 19)
  static let keyUsageID = ObjectID(2, 5, 29, 15)
  static let purposesID = ObjectID(2, 5, 29, 37)
  static let namesID = ObjectID(2, 5, 29, 17)
  static let revocationListAddressID = ObjectID(2, 5, 29, 31)
  static let subjectKeyID = ObjectID(2, 5, 29, 14)
  static let authorityKeyID = ObjectID(2, 5, 29, 35)
}

// MARK: Writing

extension SM2CertificateExtensions {
  /// SEQUENCE OF Extension.
  func der() throws(SM2CertificateError) -> [UInt8] {
    var all: [[UInt8]] = []
    switch role {
    case .endEntity: all.append(Self.extension(Self.basicConstraintsID, isCritical: true, DER.sequence()))
    case .authority(let pathLengthMax):
      let length = pathLengthMax.map { DER.integer(UInt64($0)) } ?? []
      let value = DER.sequence(DER.boolean(true), length)
      all.append(Self.extension(Self.basicConstraintsID, isCritical: true, value))
    }
    if let keyUsage { all.append(Self.extension(Self.keyUsageID, isCritical: true, keyUsage.der)) }
    if let purposes, !purposes.isEmpty {
      let ids = Purpose.allCases.filter(purposes.contains).map(\.id.der)
      all.append(Self.extension(Self.purposesID, isCritical: false, DER.sequence(of: ids)))
    }
    if !names.isEmpty { all.append(Self.extension(Self.namesID, isCritical: false, try namesDER())) }
    if let revocationListAddress {
      guard AlternativeName.uri(revocationListAddress).isWellFormed else { throw .nameInvalid(revocationListAddress) }
      let name = DER.explicit(0, DER.implicit(6, Array(revocationListAddress.utf8)))
      let value = DER.sequence(DER.sequence(DER.explicit(0, name)))
      all.append(Self.extension(Self.revocationListAddressID, isCritical: false, value))
    }
    if let subjectKeyID {
      all.append(Self.extension(Self.subjectKeyID, isCritical: false, DER.octets(subjectKeyID)))
    }
    if let authorityKeyID {
      let value = DER.sequence(DER.implicit(0, authorityKeyID))
      all.append(Self.extension(Self.authorityKeyID, isCritical: false, value))
    }
    return DER.sequence(of: all)
  }

  static func `extension`(_ id: ObjectID, isCritical: Bool, _ value: [UInt8]) -> [UInt8] {
    DER.sequence(id.der, isCritical ? DER.boolean(true) : [], DER.octets(value))
  }

  func namesDER() throws(SM2CertificateError) -> [UInt8] {
    guard names.count <= Self.namesMax else { throw .nameInvalid("\(names.count) names") }
    var all: [[UInt8]] = []
    for name in names {
      guard name.isWellFormed else { throw .nameInvalid("\(name)") }
      switch name {
      case .email(let text): all.append(DER.implicit(1, Array(text.utf8)))
      case .dns(let text): all.append(DER.implicit(2, Array(text.utf8)))
      case .uri(let text): all.append(DER.implicit(6, Array(text.utf8)))
      case .ip(let bytes): all.append(DER.implicit(7, bytes))
      }
    }
    return DER.sequence(of: all)
  }
}

extension SM2CertificateExtensions.AlternativeName {
  /// ASCII without control characters and blanks, 1 to 1,024 bytes; an address has 4 or 16.
  var isWellFormed: Bool {
    switch self {
    case .ip(let bytes): bytes.count == 4 || bytes.count == 16
    case .dns(let text), .uri(let text), .email(let text):
      (1...1_024).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }
  }
}

extension SM2CertificateExtensions.KeyUsage {
  /// A BIT STRING without zeros at its end.
  var der: [UInt8] {
    var byte: UInt8 = 0
    for bit in 0..<8 where rawValue >> bit & 1 == 1 { byte |= 0x80 >> UInt8(bit) }
    guard byte != 0 else { return DER.element(DER.Tag.bits, [0]) }
    return DER.element(DER.Tag.bits, [UInt8(byte.trailingZeroBitCount), byte])
  }
}

// MARK: Reading

extension SM2CertificateExtensions {
  /// - Parameter reader: of SEQUENCE OF Extension.
  /// - Throws: `DERError`; `SM2CertificateError.extensionUnknown` for a critical one that is not known here.
  init(reading reader: inout DERReader) throws {
    var seen: Set<ObjectID> = []
    while !reader.isAtEnd {
      var one = try reader.sequence()
      let id = try one.objectID()
      let isCritical = one.nextTag == DER.Tag.boolean ? try one.boolean() : false
      var value = DERReader(try one.take(DER.Tag.octets))
      try one.finish()
      guard seen.insert(id).inserted, seen.count <= Self.extensionsMax else {
        throw SM2CertificateError.malformed("an extension comes twice")
      }
      guard try read(id, &value) else {
        if isCritical { throw SM2CertificateError.extensionUnknown(id.description) }
        continue
      }
      try value.finish()
    }
  }

  /// - Returns: false for an extension that is not known.
  private mutating func read(_ id: ObjectID, _ value: inout DERReader) throws -> Bool {
    switch id {
    case Self.basicConstraintsID:
      var constraints = try value.sequence()
      let isAuthority = constraints.nextTag == DER.Tag.boolean ? try constraints.boolean() : false
      let length = constraints.isAtEnd ? nil : try constraints.integer()
      try constraints.finish()
      guard isAuthority || length == nil else { throw DERError.tag }
      role = isAuthority ? .authority(pathLengthMax: length) : .endEntity
    case Self.keyUsageID:
      keyUsage = try KeyUsage(content: try value.take(DER.Tag.bits))
    case Self.purposesID:
      var ids = try value.sequence()
      var purposes: Set<Purpose> = []
      while !ids.isAtEnd {
        let id = try ids.objectID()
        if let purpose = Purpose.allCases.first(where: { $0.id == id }) { purposes.insert(purpose) }
      }
      self.purposes = purposes
    case Self.namesID:
      var all = try value.sequence()
      while !all.isAtEnd {
        guard names.count < Self.namesMax else { throw DERError.length }
        guard let name = try AlternativeName(all.element()) else { continue }
        names.append(name)
      }
    case Self.revocationListAddressID:
      var points = try value.sequence()
      while !points.isAtEnd {
        var point = try points.sequence()
        guard var names = try point.takeOptional(0xa0).map({ DERReader($0) }) else { continue }
        guard var full = try names.takeOptional(0xa0).map({ DERReader($0) }) else { continue }
        while !full.isAtEnd, revocationListAddress == nil {
          if case .uri(let text)? = try AlternativeName(full.element()) { revocationListAddress = text }
        }
      }
    case Self.subjectKeyID: subjectKeyID = Array(try value.take(DER.Tag.octets))
    case Self.authorityKeyID:
      var all = try value.sequence()
      authorityKeyID = try all.takeOptional(0x80).map(Array.init)
      // The issuer's name and serial number may follow; the key tells enough.
      while !all.isAtEnd { _ = try all.element() }
    default: return false
    }
    return true
  }
}

extension SM2CertificateExtensions.AlternativeName {
  /// Nil for a kind that is not known.
  fileprivate init?(_ element: DERReader.Element) throws {
    func text() throws -> String {
      guard element.content.allSatisfy({ (0x21...0x7e).contains($0) }) else { throw DERError.text }
      return String(decoding: element.content, as: UTF8.self)
    }
    switch element.tag {
    case 0x81: self = .email(try text())
    case 0x82: self = .dns(try text())
    case 0x86: self = .uri(try text())
    case 0x87: self = .ip(Array(element.content))
    default: return nil
    }
    guard isWellFormed else { throw DERError.text }
  }
}

extension SM2CertificateExtensions.KeyUsage {
  fileprivate init(content: ArraySlice<UInt8>) throws(DERError) {
    guard let unused = content.first, unused < 8, (1...3).contains(content.count) else { throw .bits }
    var value: UInt16 = 0
    for (index, byte) in content.dropFirst().enumerated() {
      for bit in 0..<8 where byte >> (7 - bit) & 1 == 1 { value |= 1 << UInt16(index * 8 + bit) }
    }
    self.init(rawValue: value)
  }
}
