@testable import Guomi

/// Two authorities and a device below them, valid from 2026 for a year, all under seeded keys.
struct SM2Hierarchy {
  static let start: Int64 = 1_767_225_600
  static let year: Int64 = 365 * 86_400
  static let now = start + 1_000

  let random = RandomSource.seeded(77)
  let rootKey: SM2.SigningKey
  let middleKey: SM2.SigningKey
  let leafKey: SM2.SigningKey
  let root: SM2Certificate
  let middle: SM2Certificate
  let leaf: SM2Certificate

  /// What may be otherwise than it should.
  struct Flaw {
    var rootPathLength: Int? = 1
    /// Issued by a root of the same name and key that allows more than the one trusted.
    var isMiddleSmuggled = false
    var middleRole = SM2CertificateExtensions.Role.authority(pathLengthMax: 0)
    var middleUsage: SM2CertificateExtensions.KeyUsage? = [.certificateSigning, .revocationListSigning]
    /// The leaf is signed with the middle's key whatever the middle's certificate says.
    var isLeafSmuggled = false
    var leafUsage: SM2CertificateExtensions.KeyUsage? = [.digitalSignature]
    var leafPurposes: Set<SM2CertificateExtensions.Purpose>? = [.clientAuthentication]
    var rootEnd = year * 10
    var middleEnd = year * 5
    var leafEnd = year
  }

  init(_ flaw: Flaw = Flaw()) throws {
    rootKey = try SM2.SigningKey.generate(random: random)
    middleKey = try SM2.SigningKey.generate(random: random)
    leafKey = try SM2.SigningKey.generate(random: random)
    root = try Self.root(rootKey, "安居 root", pathLength: flaw.rootPathLength, end: flaw.rootEnd, random)
    let issuer =
      flaw.isMiddleSmuggled ? try Self.root(rootKey, "安居 root", pathLength: nil, end: Self.year * 20, random) : root
    var extensions = SM2CertificateExtensions()
    extensions.role = flaw.middleRole
    extensions.keyUsage = flaw.middleUsage
    middle = try SM2CertificateDraft(
      subject: SM2Name(commonName: "devices"), key: middleKey.verifyingKey.point, extensions: extensions,
      issuer: issuer, serial: random.bytes(8).positive, notBefore: Self.start,
      notAfter: Self.start + flaw.middleEnd
    ).signed(by: rootKey, random: random)
    let leafIssuer =
      flaw.isLeafSmuggled
      ? try Self.root(middleKey, "devices", pathLength: nil, end: Self.year * 20, random) : middle
    let request = try SM2CertificateRequest(
      subject: SM2Name(commonName: "lock"), names: [.uri("urn:anju:device:1")], key: leafKey, random: random)
    var wanted = SM2CertificateExtensions()
    wanted.keyUsage = flaw.leafUsage
    wanted.purposes = flaw.leafPurposes
    wanted.names = request.names
    leaf = try SM2CertificateDraft(
      subject: SM2Name([.init(.country, "CN"), .init(.organization, "安居"), .init(.commonName, "lock 1")]),
      key: request.key, extensions: wanted, issuer: leafIssuer, serial: random.bytes(16).positive,
      notBefore: Self.start, notAfter: Self.start + flaw.leafEnd
    ).signed(by: middleKey, random: random)
  }

  static func root(
    _ key: SM2.SigningKey, _ name: String, pathLength: Int?, end: Int64, _ random: RandomSource
  ) throws -> SM2Certificate {
    try SM2CertificateDraft(
      root: SM2Name(commonName: name), key: key.verifyingKey.point, pathLengthMax: pathLength,
      serial: random.bytes(8).positive, notBefore: start, notAfter: start + end
    ).signed(by: key, random: random)
  }

  /// A list of one of the two authorities, valid for a day.
  func list(
    of issuer: SM2Certificate, revoking entries: [SM2RevocationList.Entry] = [], by key: SM2.SigningKey? = nil,
    from: Int64 = start, to: Int64 = start + 86_400
  ) throws -> SM2RevocationList {
    try SM2RevocationList.Draft(issuer: issuer, number: 1, entries: entries, thisUpdate: from, nextUpdate: to)
      .signed(by: key ?? (issuer == root ? rootKey : middleKey), random: random)
  }

  var goodLists: [SM2RevocationList] { get throws { [try list(of: root), try list(of: middle)] } }

  /// Checks the leaf.
  @discardableResult
  func verify(
    lists: [SM2RevocationList]? = nil, revocation: SM2ChainVerifier.Revocation = .required, at now: Int64 = now,
    purpose: SM2CertificateExtensions.Purpose? = .clientAuthentication, leaf: SM2Certificate? = nil,
    intermediates: [SM2Certificate]? = nil
  ) throws -> [SM2Certificate] {
    try SM2ChainVerifier(roots: [root], lists: try lists ?? goodLists, revocation: revocation)
      .verify(leaf ?? self.leaf, intermediates: intermediates ?? [middle], at: now, purpose: purpose)
  }
}

extension [UInt8] {
  /// A serial number: not negative, not zero.
  var positive: [UInt8] { [(self[0] & 0x7f) | 1] + dropFirst() }
}
