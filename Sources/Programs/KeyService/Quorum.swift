import Crypto
import Foundation
package import Kernel
import SQLStore
import Vault
import WireFormats

/// What needs two approvals of custodians who did not propose it.
package enum QuorumKind: String, Sendable, CaseIterable {
  /// A key's bytes, encrypted to a recipient.
  case export
  case destroy
  case restore
  /// Custodians, enabling a key, the quorum's own key.
  case policy
  /// Making a certificate authority's key.
  case certificateAuthority = "ca"
}

/// The tag of `ID<Proposal>`.
package enum Proposal {}

/// What custodians sign: one proposal with all its arguments, once as its proposer or as its approver, never to be used
/// for another.
package struct QuorumStatement: Sendable {
  package let id: ID<Proposal>
  package let kind: QuorumKind
  /// CBOR, as it was proposed.
  package let arguments: [UInt8]
  package let expiresAt: Instant

  package init(id: ID<Proposal>, kind: QuorumKind, arguments: [UInt8], expiresAt: Instant) {
    self.id = id
    self.kind = kind
    self.arguments = arguments
    self.expiresAt = expiresAt
  }

  /// What a custodian did with a proposal.
  package enum Part: String, Sendable {
    case proposer
    case approver
  }

  /// The bytes to sign.
  package func bytes(_ part: Part, by custodian: String) -> [UInt8] {
    var bytes = Array("ANJU-VAULT-QUORUM-1".utf8) + [0]
    for field in [
      Array(part.rawValue.utf8), id.bytes, Array(kind.rawValue.utf8), Array(SHA256.hash(data: arguments)),
      Array("\(expiresAt.microseconds)".utf8), Array(custodian.utf8),
    ] {
      bytes += [UInt8(field.count >> 8), UInt8(field.count & 0xff)] + field
    }
    return bytes
  }
}

/// Custodians, proposals and approvals in the store.
struct Quorum {
  let sql: SQLConnection
  let now: Instant

  /// Approvals a proposal needs, besides its proposer.
  static let approvalsNeeded = 2
  /// As many custodians there must be before they alone decide about more.
  static let custodiansMin = 3
  static let custodiansMax = 16
  /// A proposal that nobody completed by then is void.
  static let lifeHoursMax: Int64 = 72
  static let openMax = 100

  static func refused(_ code: String, _ detail: String) -> VaultError {
    .refused(code: "vault.\(code)", detail: detail)
  }

  // MARK: custodians

  func custodiansCount() throws -> Int {
    Int(try sql.row("SELECT count(*) FROM vault_custodian WHERE state = 'active'")?.integer(0) ?? 0)
  }

  /// The first custodians come by themselves; from three on, the others decide.
  func enrol(_ name: String, publicKey: [UInt8]) throws {
    guard try custodiansCount() < Self.custodiansMin else {
      throw Self.refused("enrolled", "There are custodians: propose this as a policy change.")
    }
    try add(name, publicKey: publicKey)
  }

  func add(_ name: String, publicKey: [UInt8]) throws {
    guard (1...64).contains(name.utf8.count), !name.contains(where: { $0.isNewline }) else {
      throw Self.refused("custodian", "A custodian's name has 1 to 64 bytes.")
    }
    guard (try? P256.Signing.PublicKey(x963Representation: publicKey)) != nil else {
      throw Self.refused("custodian", "This is no P-256 public key.")
    }
    guard try custodiansCount() < Self.custodiansMax else {
      throw Self.refused("custodian", "There are \(Self.custodiansMax) custodians already.")
    }
    let there = try sql.row(
      "SELECT 1 AS one FROM vault_custodian WHERE name = \(name) OR public_key = \(publicKey)")
    guard there == nil else { throw Self.refused("custodian", "The name or the key is a custodian's already.") }
    try sql.execute(
      """
      INSERT INTO vault_custodian (name, public_key, state, enrolled_at)
      VALUES (\(name), \(publicKey), 'active', \(now))
      """)
  }

  func remove(_ name: String) throws {
    guard try custodiansCount() > Self.custodiansMin else {
      throw Self.refused("custodian", "\(Self.custodiansMin) custodians must stay.")
    }
    let changed = try sql.execute(
      "UPDATE vault_custodian SET state = 'removed' WHERE name = \(name) AND state = 'active'")
    guard changed == 1 else { throw Self.refused("custodian", "There is no custodian of this name.") }
  }

  private func check(_ signature: [UInt8], of bytes: [UInt8], by name: String) throws {
    let row = try sql.row("SELECT public_key FROM vault_custodian WHERE name = \(name) AND state = 'active'")
    guard let row else { throw Self.refused("custodian", "There is no custodian of this name.") }
    let key = try P256.Signing.PublicKey(x963Representation: try row.blob("public_key"))
    guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature),
      key.isValidSignature(signature, for: bytes)
    else { throw Self.refused("signature", "The signature is not the custodian's over this proposal.") }
  }

  // MARK: proposals

  func propose(_ statement: QuorumStatement, by proposer: String, signature: [UInt8]) throws {
    let life = statement.expiresAt.microseconds(since: now)
    guard life > 0, life <= Self.lifeHoursMax * 3_600_000_000 else {
      throw Self.refused("expiry", "A proposal ends after at most \(Self.lifeHoursMax) hours.")
    }
    guard try custodiansCount() >= Self.custodiansMin else {
      throw Self.refused("quorum", "There are fewer than \(Self.custodiansMin) custodians.")
    }
    try check(signature, of: statement.bytes(.proposer, by: proposer), by: proposer)
    let open = try sql.row("SELECT count(*) FROM vault_proposal WHERE state = 'open' AND expires_at > \(now)")
    guard try open?.integer(0) ?? 0 < Self.openMax else { throw VaultError.busy }
    let there = try sql.row("SELECT 1 AS one FROM vault_proposal WHERE id = \(statement.id)")
    guard there == nil else { throw Self.refused("replayed", "This proposal was made before.") }
    try sql.execute(
      """
      INSERT INTO vault_proposal (id, kind, arguments, proposer, proposed_at, expires_at, state)
      VALUES (\(statement.id), \(statement.kind.rawValue), \(statement.arguments), \(proposer), \(now),
        \(statement.expiresAt), 'open')
      """)
  }

  func approve(_ id: ID<Proposal>, by custodian: String, signature: [UInt8]) throws {
    let (statement, proposer) = try open(id)
    guard proposer != custodian else {
      throw Self.refused("ownApproval", "Nobody approves what they proposed.")
    }
    try check(signature, of: statement.bytes(.approver, by: custodian), by: custodian)
    let there = try sql.row(
      "SELECT 1 AS one FROM vault_approval WHERE proposal = \(id) AND custodian = \(custodian)")
    guard there == nil else { throw Self.refused("replayed", "This custodian has approved already.") }
    try sql.execute(
      """
      INSERT INTO vault_approval (proposal, custodian, signature, approved_at)
      VALUES (\(id), \(custodian), \(signature), \(now))
      """)
  }

  /// Takes a proposal that has its approvals, once. The approvals count of those who are custodians now.
  func take(_ id: ID<Proposal>) throws -> QuorumStatement {
    let (statement, _) = try open(id)
    let count = try sql.row(
      """
      SELECT count(*) FROM vault_approval JOIN vault_custodian ON vault_custodian.name = custodian
      WHERE proposal = \(id) AND state = 'active'
      """)
    guard try count?.integer(0) ?? 0 >= Self.approvalsNeeded else {
      throw Self.refused("quorum", "The proposal needs \(Self.approvalsNeeded) approvals.")
    }
    try sql.execute("UPDATE vault_proposal SET state = 'executed' WHERE id = \(id)")
    return statement
  }

  private func open(_ id: ID<Proposal>) throws -> (QuorumStatement, proposer: String) {
    guard let row = try sql.row("SELECT * FROM vault_proposal WHERE id = \(id)"),
      let kind = QuorumKind(rawValue: try row.text("kind"))
    else { throw Self.refused("proposal", "There is no such proposal.") }
    let expiresAt = try row.instant("expires_at")
    guard try row.text("state") == "open" else { throw Self.refused("replayed", "The proposal was executed.") }
    guard now < expiresAt else { throw Self.refused("expired", "The proposal's time is over.") }
    return (
      QuorumStatement(id: id, kind: kind, arguments: try row.blob("arguments"), expiresAt: expiresAt),
      try row.text("proposer")
    )
  }

  /// The proposals that wait, with their approvals.
  func list() throws -> [WireValue] {
    let rows = try sql.rows(
      """
      SELECT * FROM vault_proposal WHERE state = 'open' AND expires_at > \(now)
      ORDER BY proposed_at LIMIT \(Self.openMax)
      """)
    return try rows.map { row in
      let id: ID<Proposal> = try row.id("id")
      let approvals = try sql.rows("SELECT custodian FROM vault_approval WHERE proposal = \(id) ORDER BY custodian")
      return .map([
        .init("id", .bytes(id.bytes)), .init("kind", .text(try row.text("kind"))),
        .init("arguments", .bytes(try row.blob("arguments"))), .init("proposer", .text(try row.text("proposer"))),
        .init("expiresAt", .integer(try row.integer("expires_at"))),
        .init("approvals", .list(try approvals.map { .text(try $0.text("custodian")) })),
      ])
    }
  }
}
