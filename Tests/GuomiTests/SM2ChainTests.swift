import TestSupport
import Testing

@testable import Guomi

@Suite("A chain of SM2 certificates", .clause("8.8b"))
struct SM2ChainTests {
  private typealias Failure = SM2CertificateError

  @Test("leads from a device over an authority to a root")
  func good() throws {
    let all = try SM2Hierarchy()
    #expect(try all.verify() == [all.leaf, all.middle, all.root])
    #expect(try all.verify(purpose: nil) == [all.leaf, all.middle, all.root])
    // In any order, with strangers, and with the root sent along.
    let strangers = try SM2Hierarchy(SM2Hierarchy.Flaw(middleEnd: 99, leafEnd: 50))
    #expect(try all.verify(intermediates: [strangers.leaf, all.root, all.middle]).count == 3)
    // A root itself, and what a root signed.
    let verifier = SM2ChainVerifier(roots: [all.root], lists: try all.goodLists)
    #expect(try verifier.verify(all.root, at: SM2Hierarchy.now, purpose: nil) == [all.root])
    #expect(try verifier.verify(all.middle, at: SM2Hierarchy.now, purpose: nil) == [all.middle, all.root])
  }

  @Test("without its authority, or to a root that is not trusted, is refused")
  func unknown() throws {
    let all = try SM2Hierarchy()
    #expect(throws: Failure.issuerUnknown(issuer: "CN=devices")) { try all.verify(intermediates: []) }
    #expect(throws: Failure.issuerUnknown(issuer: "CN=安居 root")) {
      try SM2ChainVerifier(roots: []).verify(all.middle, at: SM2Hierarchy.now, purpose: nil)
    }
  }

  @Test("under an authority of the same name with another key is refused")
  func namesake() throws {
    let all = try SM2Hierarchy()
    let key = try SM2.SigningKey.generate(random: all.random)
    let impostor = try SM2Hierarchy.root(key, "安居 root", pathLength: nil, end: SM2Hierarchy.year * 10, all.random)
    let verifier = SM2ChainVerifier(roots: [impostor], revocation: .heeded)
    #expect(throws: Failure.issuerUnknown(issuer: "CN=安居 root")) {
      try verifier.verify(all.leaf, intermediates: [all.middle, all.root], at: SM2Hierarchy.now, purpose: nil)
    }
  }

  @Test("signed under another distinguishing id is refused")
  func distinguishingID() throws {
    let all = try SM2Hierarchy()
    let signature = try all.middleKey.sign(all.leaf.signedPart, id: [], random: all.random)
    let other = try SM2Certificate(der: SM2Signed.frame(all.leaf.signedPart, signature))
    #expect(throws: Failure.signatureInvalid(subject: "C=CN,O=安居,CN=lock 1")) { try all.verify(leaf: other) }
  }

  @Test("is refused the second before and the second after each certificate's validity")
  func validity() throws {
    let (start, year) = (SM2Hierarchy.start, SM2Hierarchy.year)
    let all = try SM2Hierarchy()
    #expect(throws: Failure.notYetValid(subject: "C=CN,O=安居,CN=lock 1")) {
      try all.verify(revocation: .heeded, at: start - 1)
    }
    try all.verify(revocation: .heeded, at: start)
    try all.verify(revocation: .heeded, at: start + year)
    #expect(throws: Failure.expired(subject: "C=CN,O=安居,CN=lock 1")) {
      try all.verify(revocation: .heeded, at: start + year + 1)
    }
    let old = try SM2Hierarchy(SM2Hierarchy.Flaw(isMiddleSmuggled: true, isLeafSmuggled: true, middleEnd: 2_000))
    #expect(throws: Failure.expired(subject: "CN=devices")) { try old.verify(revocation: .heeded, at: start + 3_000) }
    let oldRoot = try SM2Hierarchy(SM2Hierarchy.Flaw(isMiddleSmuggled: true, rootEnd: 2_000))
    #expect(throws: Failure.expired(subject: "CN=安居 root")) {
      try oldRoot.verify(revocation: .heeded, at: start + 3_000)
    }
  }

  @Test("through a certificate that is no authority is refused")
  func notAuthority() throws {
    let all = try SM2Hierarchy(
      SM2Hierarchy.Flaw(middleRole: .endEntity, isLeafSmuggled: true))
    #expect(throws: Failure.notAuthority(subject: "CN=devices")) { try all.verify(lists: [], revocation: .heeded) }
  }

  @Test("through an authority that may not sign certificates is refused")
  func usage() throws {
    let all = try SM2Hierarchy(SM2Hierarchy.Flaw(middleUsage: [.digitalSignature], isLeafSmuggled: true))
    #expect(throws: Failure.usageNotAllowed(subject: "CN=devices")) { try all.verify(lists: [], revocation: .heeded) }
    let mute = try SM2Hierarchy(SM2Hierarchy.Flaw(leafUsage: []))
    #expect(throws: Failure.usageNotAllowed(subject: "C=CN,O=安居,CN=lock 1")) { try mute.verify() }
  }

  @Test("with more authorities than the root allows is refused")
  func pathLength() throws {
    let all = try SM2Hierarchy(SM2Hierarchy.Flaw(rootPathLength: 0, isMiddleSmuggled: true))
    #expect(throws: Failure.pathTooLong(subject: "CN=安居 root")) { try all.verify(revocation: .heeded) }
  }

  @Test("for another purpose is refused")
  func purpose() throws {
    let all = try SM2Hierarchy()
    #expect(throws: Failure.purposeNotAllowed(subject: "C=CN,O=安居,CN=lock 1")) {
      try all.verify(purpose: .serverAuthentication)
    }
    try SM2Hierarchy(SM2Hierarchy.Flaw(leafPurposes: nil)).verify(purpose: .serverAuthentication)
  }

  @Test("with a revoked certificate is refused, from the second of the revocation on")
  func revoked() throws {
    let all = try SM2Hierarchy()
    let now = SM2Hierarchy.now
    for (certificate, issuer, other) in [(all.leaf, all.middle, all.root), (all.middle, all.root, all.middle)] {
      for reason in SM2RevocationList.Reason.allCases {
        let entry = SM2RevocationList.Entry(serial: certificate.serial, at: now, reason: reason)
        let lists = [try all.list(of: issuer, revoking: [entry]), try all.list(of: other)]
        #expect(throws: Failure.revoked(serial: certificate.serialText, reason: reason)) {
          try all.verify(lists: lists)
        }
        try all.verify(lists: lists, at: now - 1)
        #expect(throws: Failure.revoked(serial: certificate.serialText, reason: reason)) {
          try all.verify(lists: lists, revocation: .heeded)
        }
      }
    }
  }

  @Test("whose revocation nobody knows is refused where knowing is required")
  func revocationUnknown() throws {
    let all = try SM2Hierarchy()
    let (root, middle) = (try all.list(of: all.root), try all.list(of: all.middle))
    let stale = try all.list(of: all.middle, from: SM2Hierarchy.start, to: SM2Hierarchy.now)
    let early = try all.list(of: all.middle, from: SM2Hierarchy.now + 1)
    let other = try SM2Hierarchy.root(
      all.leafKey, "devices", pathLength: nil, end: SM2Hierarchy.year, all.random)
    let forged = try all.list(of: other, by: all.leafKey)
    for lists in [[], [middle], [root], [root, stale], [root, early], [root, forged]] {
      #expect(throws: Failure.self) { try all.verify(lists: lists) }
      try all.verify(lists: lists, revocation: .heeded)
    }
    #expect(throws: Failure.revocationUnknown(issuer: "CN=devices")) { try all.verify(lists: [root, forged]) }
    try all.verify(lists: [root, stale, forged, middle])
  }

  @Test("that goes in circles, or is endless, ends")
  func bounded() throws {
    let all = try SM2Hierarchy()
    let many = [SM2Certificate](repeating: all.middle, count: SM2ChainVerifier.intermediatesMax + 1)
    #expect(throws: Failure.chainTooLong) { try all.verify(intermediates: many) }
    // Authorities that all issued each other: a wide search without an end of its own.
    let random = all.random
    let keys = try (0..<4).map { _ in try SM2.SigningKey.generate(random: random) }
    var circle: [SM2Certificate] = []
    for (subject, key) in keys.enumerated() {
      for (issuer, issuerKey) in keys.enumerated() where issuer != subject {
        let above = try SM2Hierarchy.root(
          issuerKey, "circle \(issuer)", pathLength: nil, end: SM2Hierarchy.year, random)
        var extensions = SM2CertificateExtensions()
        extensions.role = .authority(pathLengthMax: nil)
        circle.append(
          try SM2CertificateDraft(
            subject: SM2Name(commonName: "circle \(subject)"), key: key.verifyingKey.point, extensions: extensions,
            issuer: above, serial: random.bytes(8).positive, notBefore: SM2Hierarchy.start,
            notAfter: SM2Hierarchy.start + SM2Hierarchy.year
          ).signed(by: issuerKey, random: random))
      }
    }
    #expect(throws: Failure.chainTooLong) {
      try all.verify(revocation: .heeded, purpose: nil, leaf: circle[0], intermediates: circle)
    }
  }
}

@Suite("An SM2 revocation list", .clause("8.8b"))
struct SM2RevocationListTests {
  @Test("says what it was issued with")
  func fields() throws {
    let all = try SM2Hierarchy()
    let entries = SM2RevocationList.Reason.allCases.enumerated().map { index, reason in
      SM2RevocationList.Entry(
        serial: [0, UInt8(index) + 1, 0x80], at: SM2Hierarchy.start + Int64(index), reason: reason)
    }
    let list = try SM2RevocationList.Draft(
      issuer: all.middle, number: 1 << 40, entries: entries, thisUpdate: SM2Hierarchy.start,
      nextUpdate: SM2Hierarchy.now
    ).signed(by: all.middleKey, random: all.random)
    let read = try SM2RevocationList(pem: list.pem)
    #expect(read.der == list.der)
    #expect(read.number == [1, 0, 0, 0, 0, 0])
    #expect(read.issuer == all.middle.subject)
    #expect(read.thisUpdate == SM2Hierarchy.start)
    #expect(read.nextUpdate == SM2Hierarchy.now)
    #expect(read.count == entries.count)
    for entry in entries { #expect(read.entry(serial: entry.serial) == entry) }
    #expect(read.entry(serial: [9]) == nil)
    #expect(try all.list(of: all.root).count == 0)
  }

  @Test("of ten thousand entries fits, and one too large is refused")
  func large() throws {
    let all = try SM2Hierarchy()
    let entries = (0..<10_000).map { number in
      SM2RevocationList.Entry(
        serial: [1, UInt8(number >> 8), UInt8(number & 255)], at: SM2Hierarchy.start, reason: .superseded)
    }
    #expect(try all.list(of: all.middle, revoking: entries).count == 10_000)
    #expect(throws: SM2CertificateError.tooLarge(byteCountMax: 1 << 20)) {
      try SM2RevocationList(der: [UInt8](repeating: 0x30, count: 1 << 20 + 1))
    }
  }

  @Test("changed in any byte is no list of the issuer's, and cut off anywhere is none at all")
  func flipped() throws {
    let all = try SM2Hierarchy()
    let entry = SM2RevocationList.Entry(serial: [1, 2, 3], at: SM2Hierarchy.start, reason: .keyCompromise)
    let list = try all.list(of: all.middle, revoking: [entry])
    let root = try all.list(of: all.root)
    for place in list.der.indices {
      var der = list.der
      der[place] ^= 1 << UInt8(place % 8)
      #expect(throws: SM2CertificateError.self, "byte \(place)") {
        try all.verify(lists: [root, SM2RevocationList(der: der)])
      }
      #expect(throws: SM2CertificateError.self) { try SM2RevocationList(der: Array(list.der[..<place])) }
    }
  }

  @Test("is not drafted by a device, for no time, or for a serial number that is none")
  func drafts() throws {
    let all = try SM2Hierarchy()
    let start = SM2Hierarchy.start
    #expect(throws: SM2CertificateError.notAuthority(subject: "C=CN,O=安居,CN=lock 1")) { try all.list(of: all.leaf) }
    #expect(throws: SM2CertificateError.validityInvalid) { try all.list(of: all.root, from: start, to: start) }
    let entry = SM2RevocationList.Entry(serial: [0], at: start, reason: .hold)
    #expect(throws: SM2CertificateError.serialInvalid) { try all.list(of: all.root, revoking: [entry]) }
    #expect(throws: SM2CertificateError.signatureInvalid(subject: "CN=安居 root")) {
      try all.list(of: all.root, by: all.leafKey)
    }
  }
}
