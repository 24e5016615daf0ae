import Guomi
package import Kernel
package import Vault

/// Persons' keys by the vault: class sensitive (SM4-GCM), each person's values with the record key that other contexts'
/// values of the person have too. The key's salt lies in the business store, the data key with the key service: either
/// alone opens nothing, and without the salt nothing opens ever again.
package struct VaultPersonKeys: PersonKeys {
  private let work: Work
  private let vault: Vault

  package init(work: Work, vault: Vault) {
    self.work = work
    self.vault = vault
  }

  /// What the vault's keys of this context are for.
  private static let purpose = "privacy"
  /// How much one sealed value holds; more is several, one after the other.
  private static let pieceBytesMax = 1 << 20
  /// The most pieces: 64 MiB.
  private static let piecesMax = 64

  package func seal(_ bytes: [UInt8], of subject: DataSubject, place: String) async throws -> [UInt8] {
    let pieces = stride(from: 0, to: max(1, bytes.count), by: Self.pieceBytesMax).map { start in
      Array(bytes[start..<min(bytes.count, start + Self.pieceBytesMax)])
    }
    guard pieces.count <= Self.piecesMax else { throw PrivacyError.exportTooLarge }
    do {
      let sealer = try await vault.sealer(
        Sensitive.self, organisation: subject.organisation, purpose: Self.purpose, count: pieces.count)
      let salt = try vault.newSalt()
      let record = try await work.run(VaultError.self) { unit in
        try unit.recordKey(organisation: subject.organisation, subject: subject.id.bytes, salt: salt)
      }
      var stored: [UInt8] = []
      for (number, piece) in pieces.enumerated() {
        let row = Self.place(place, number, of: pieces.count, subject)
        let sealed = try sealer.seal(piece, at: row, record: record).stored
        stored += (0..<4).map { UInt8(truncatingIfNeeded: sealed.count >> (24 - 8 * $0)) } + sealed
      }
      return stored
    } catch {
      throw Self.reading(error)
    }
  }

  package func open(_ sealed: [UInt8], of subject: DataSubject, place: String) async throws -> [UInt8] {
    let pieces = try Self.pieces(sealed)
    do {
      let record = try await work.read(VaultError.self) { sql in
        try sql.recordKey(organisation: subject.organisation, subject: subject.id.bytes)
      }
      let access = SealedAccess.platform(subject.organisation, for: .personRequest)
      var bytes: [UInt8] = []
      for (number, piece) in pieces.enumerated() {
        let opened = try await vault.open(
          Sealed<[UInt8], Sensitive>(stored: piece), at: Self.place(place, number, of: pieces.count, subject),
          record: record, for: access)
        opened.withBytes { bytes += $0 }
      }
      return bytes
    } catch {
      throw Self.reading(error)
    }
  }

  package func destroy(of subject: DataSubject, in unit: Unit) throws -> Bool {
    try unit.destroyRecordKey(organisation: subject.organisation, subject: subject.id.bytes)
  }

  /// Bound to how many there are, so that none can be cut off.
  private static func place(_ place: String, _ number: Int, of count: Int, _ subject: DataSubject) -> SealedPlace {
    SealedPlace(
      organisation: subject.organisation, table: "privacy", column: "\(number + 1) of \(count)",
      row: Array(place.utf8))
  }

  /// Each with its length before it.
  private static func pieces(_ sealed: [UInt8]) throws(PrivacyError) -> [[UInt8]] {
    var (pieces, rest): ([[UInt8]], ArraySlice<UInt8>) = ([], sealed[...])
    while !rest.isEmpty {
      let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      guard count > 0, rest.count >= 4 + count, pieces.count < piecesMax else { throw .unreadable }
      pieces.append(Array(rest.dropFirst(4).prefix(count)))
      rest = rest.dropFirst(4 + count)
    }
    guard !pieces.isEmpty else { throw .unreadable }
    return pieces
  }

  private static func reading(_ error: any Error) -> any Error {
    guard let error = error as? VaultError else { return error }
    switch error {
    case .erased: return PrivacyError.erased
    case .unreachable, .sealed, .tokenGone, .busy, .storeFull, .auditFailed: return PrivacyError.keysUnavailable
    case .store(let failure): return PrivacyError(failure)
    default: return PrivacyError.unreadable
    }
  }
}
