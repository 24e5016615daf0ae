import TestSupport
import Testing

@testable import Guomi

@Suite("An SM2 certificate", .clause("8.8b"))
struct SM2CertificateTests {
  @Test("says what it was issued with")
  func fields() throws {
    let all = try SM2Hierarchy()
    let leaf = try SM2Certificate(der: all.leaf.der)
    #expect(leaf == all.leaf)
    #expect(leaf.subject.description == "C=CN,O=安居,CN=lock 1")
    #expect(leaf.issuer == all.middle.subject)
    #expect(leaf.key == all.leafKey.verifyingKey.point)
    #expect(leaf.notBefore == SM2Hierarchy.start)
    #expect(leaf.notAfter == SM2Hierarchy.start + SM2Hierarchy.year)
    #expect(leaf.serial.count == 16)
    #expect(leaf.extensions.role == .endEntity)
    #expect(leaf.extensions.keyUsage == [.digitalSignature])
    #expect(leaf.extensions.purposes == [.clientAuthentication])
    #expect(leaf.extensions.names == [.uri("urn:anju:device:1")])
    #expect(leaf.extensions.authorityKeyID == all.middle.extensions.subjectKeyID)
    #expect(leaf.extensions.subjectKeyID == SM2Certificate.keyID(of: leaf.key))
    #expect(all.middle.extensions.role == .authority(pathLengthMax: 0))
    #expect(try SM2Certificate(pem: leaf.pem) == leaf)
    #expect(throws: SM2CertificateError.malformed("PEM")) { try SM2Certificate(pem: leaf.key.pem) }
  }

  @Test("keeps every kind of name, and every usage")
  func extensions() throws {
    let all = try SM2Hierarchy()
    var wanted = SM2CertificateExtensions()
    wanted.keyUsage = [.digitalSignature, .nonRepudiation, .keyEncipherment, .dataEncipherment, .keyAgreement]
    wanted.purposes = Set(SM2CertificateExtensions.Purpose.allCases)
    wanted.names = [.dns("anju.example"), .ip([127, 0, 0, 1]), .email("a@b.example"), .uri("urn:x")]
    wanted.names.append(.ip([UInt8](repeating: 1, count: 16)))
    let made = try SM2CertificateDraft(
      subject: SM2Name(commonName: "x"), key: all.leaf.key, extensions: wanted, issuer: all.middle,
      serial: [1, 2, 3, 4, 5, 6, 7, 8], notBefore: SM2Hierarchy.start, notAfter: SM2Hierarchy.start + 1
    ).signed(by: all.middleKey, random: all.random)
    #expect(made.extensions.keyUsage == wanted.keyUsage)
    #expect(made.extensions.purposes == wanted.purposes)
    #expect(made.extensions.names == wanted.names)
    #expect(made.serialText == "0102030405060708")
  }

  @Test("changed in any byte is refused, when read or when checked")
  func flipped() throws {
    let all = try SM2Hierarchy()
    let lists = try all.goodLists
    for place in all.leaf.der.indices {
      var der = all.leaf.der
      der[place] ^= 1 << UInt8(place % 8)
      #expect(throws: SM2CertificateError.self, "byte \(place)") {
        try all.verify(lists: lists, leaf: SM2Certificate(der: der))
      }
    }
  }

  @Test("cut off anywhere, lengthened or too large is refused when read")
  func cut() throws {
    let all = try SM2Hierarchy()
    for count in all.leaf.der.indices {
      #expect(throws: SM2CertificateError.self) { try SM2Certificate(der: Array(all.leaf.der[..<count])) }
    }
    #expect(throws: SM2CertificateError.malformed("trailing bytes")) { try SM2Certificate(der: all.leaf.der + [0]) }
    #expect(throws: SM2CertificateError.tooLarge(byteCountMax: 16_384)) {
      try SM2Certificate(der: [UInt8](repeating: 0x30, count: 1 << 20))
    }
    // Nested as deep as it can be: nothing here recurses.
    let nested = (0..<300).reduce([UInt8]()) { inner, _ in DER.sequence(inner) }
    #expect(throws: SM2CertificateError.self) { try SM2Certificate(der: nested) }
  }

  @Test("is not drafted with a bad serial number, validity or name")
  func drafts() throws {
    let all = try SM2Hierarchy()
    func draft(
      serial: [UInt8] = [UInt8](repeating: 1, count: 8), from: Int64 = SM2Hierarchy.start,
      to: Int64 = SM2Hierarchy.start + 1, issuer: SM2Certificate? = nil,
      names: [SM2CertificateExtensions.AlternativeName] = []
    ) throws -> SM2CertificateDraft {
      var extensions = SM2CertificateExtensions()
      extensions.names = names
      return try SM2CertificateDraft(
        subject: SM2Name(commonName: "x"), key: all.leaf.key, extensions: extensions, issuer: issuer ?? all.middle,
        serial: serial, notBefore: from, notAfter: to)
    }
    let zero = [UInt8](repeating: 0, count: 8)
    let serials: [[UInt8]] = [[], [1], zero, [0x80] + zero, [UInt8](repeating: 1, count: 21)]
    for serial in serials {
      #expect(throws: SM2CertificateError.serialInvalid) { try draft(serial: serial) }
    }
    let start = SM2Hierarchy.start
    let tooLate = start + SM2Hierarchy.year * 6
    for (from, to) in [(start, start), (start + 1, start), (start - 1, start + 1), (start, tooLate)] {
      #expect(throws: SM2CertificateError.validityInvalid) { try draft(from: from, to: to) }
    }
    #expect(throws: SM2CertificateError.notAuthority(subject: "C=CN,O=安居,CN=lock 1")) {
      try draft(issuer: all.leaf)
    }
    for name in [SM2CertificateExtensions.AlternativeName.dns(""), .dns("a b"), .uri("位"), .ip([1])] {
      #expect(throws: SM2CertificateError.self) { try draft(names: [name]) }
    }
    for text in ["", "a\nb", String(repeating: "x", count: 193)] {
      #expect(throws: SM2CertificateError.nameInvalid(text)) { try SM2Name(commonName: text) }
    }
    #expect(throws: SM2CertificateError.nameInvalid("CHN")) { try SM2Name([.init(.country, "CHN")]) }
    #expect(throws: SM2CertificateError.nameInvalid("")) { try SM2Name([]) }
    // An authority below one that allows none.
    var authority = SM2CertificateExtensions()
    authority.role = .authority(pathLengthMax: nil)
    #expect(throws: SM2CertificateError.pathTooLong(subject: "CN=x")) {
      try SM2CertificateDraft(
        subject: SM2Name(commonName: "x"), key: all.leaf.key, extensions: authority, issuer: all.middle,
        serial: [UInt8](repeating: 1, count: 8), notBefore: start, notAfter: start + 1)
    }
    // A signer's mistake does not get out.
    #expect(throws: SM2CertificateError.signatureInvalid(subject: "CN=x")) {
      try draft().signed(by: all.leafKey, random: all.random)
    }
    #expect(throws: SM2CertificateError.signing(.random(RandomFailure(reason: "broken")))) {
      try draft().signed(by: all.middleKey, random: .broken)
    }
  }

  @Test("has the seconds it was given, in both forms of time", arguments: [
    -631_152_000, -1, 0, 951_782_399, 951_782_400, 1_767_225_600, 2_524_607_999, 2_524_608_000, 253_402_300_799,
  ] as [Int64])
  func times(_ seconds: Int64) throws {
    var reader = DERReader(DER.time(seconds))
    #expect(try reader.time() == seconds)
  }

  @Test("has no time that is none", arguments: [
    "171a3236303233303030303030305a", "170d3236303233303030303030305a", "170d3236313330313030303030305a",
    "170d3236303130313234303030305a", "170d3236303130313030363030305a", "170d323630313031303030303030", "1700",
    "170d3236303130313030303030302b", "180d3236303130313030303030305a", "170b323630313031303030305a",
  ])
  func badTimes(_ text: String) {
    var reader = DERReader(bytes(text))
    #expect(throws: DERError.self) { try reader.time() }
  }
}

@Suite("A request for an SM2 certificate", .clause("8.8b"))
struct SM2CertificateRequestTests {
  @Test("comes back with its name, and proves its key")
  func fields() throws {
    let random = RandomSource.seeded(1)
    let key = try SM2.SigningKey.generate(random: random)
    let made = try SM2CertificateRequest(
      subject: SM2Name(commonName: "公安接口"), names: [.dns("a.example")], key: key, random: random)
    let read = try SM2CertificateRequest(der: made.der)
    #expect(read == made)
    #expect(read.subject.commonName == "公安接口")
    #expect(read.names == [.dns("a.example")])
    #expect(try SM2CertificateRequest(pem: made.pem) == made)
    let plain = try SM2CertificateRequest(subject: SM2Name(commonName: "x"), key: key, random: random)
    #expect(try SM2CertificateRequest(der: plain.der).names == [])
  }

  @Test("forged is refused: any byte changed, or another's key in it")
  func forged() throws {
    let random = RandomSource.seeded(2)
    let key = try SM2.SigningKey.generate(random: random)
    let other = try SM2.SigningKey.generate(random: random)
    let made = try SM2CertificateRequest(
      subject: SM2Name(commonName: "x"), names: [.dns("a.example")], key: key, random: random)
    for place in made.der.indices {
      var der = made.der
      der[place] ^= 1 << UInt8(place % 8)
      #expect(throws: SM2CertificateError.self, "byte \(place)") { try SM2CertificateRequest(der: der) }
    }
    for count in made.der.indices {
      #expect(throws: SM2CertificateError.self) { try SM2CertificateRequest(der: Array(made.der[..<count])) }
    }
    let stolen = made.der.replacing(key.verifyingKey.point.x963, with: other.verifyingKey.point.x963)
    #expect(throws: SM2CertificateError.possessionNotProven) { try SM2CertificateRequest(der: stolen) }
  }
}
