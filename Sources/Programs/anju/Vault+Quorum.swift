import ArgumentParser
import Crypto
import Foundation
import Guomi
import Kernel
import KeyService
import Server
import Vault
import WireFormats

/// A custodian's signing key in a file that only the custodian reads.
struct CustodianOptions: ParsableArguments {
  @Option(help: "The custodian's name.") var name: String
  @Option(name: .customLong("key-file"), help: "The custodian's key, made by `anju vault custodian`.")
  var keyFile: String

  func key() throws -> P256.Signing.PrivateKey {
    do {
      let secret = try SecretText.read(URL(fileURLWithPath: keyFile), count: 32)
      return try secret.withUnsafeBytes { try P256.Signing.PrivateKey(rawRepresentation: $0) }
    } catch {
      throw VaultPlace.fail("\(error)")
    }
  }
}

extension VaultCommand {
  struct Custodian: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a custodian's signing key, on the custodian's own machine.")
    @Argument(help: "The file to write; it must not exist.") var file: String

    func run() async throws {
      let key = P256.Signing.PrivateKey()
      var raw = Array(key.rawRepresentation)
      do { try SecretText.write(SecretBytes(taking: &raw), to: URL(fileURLWithPath: file)) } catch {
        throw VaultPlace.fail("\(error)")
      }
      print("public key  \(key.publicKey.x963Representation.hexadecimal)")
    }
  }

  struct Enrol: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take one of the first three custodians in; later ones are proposed as a policy change.")
    @OptionGroup var place: VaultPlace
    @Argument(help: "The custodian's name.") var name: String
    @Argument(help: "The custodian's public key.") var publicKey: String

    func run() async throws {
      _ = try place.call(
        .enrol, [("name", .text(name)), ("public", .bytes(try HexText.bytes(publicKey)))])
      print("\(name) is a custodian.")
    }
  }

  struct Propose: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Propose what needs two others' approval.",
      discussion: """
        anju vault propose destroy key=ID days=7
        anju vault propose policy action=key.enable key=ID
        anju vault propose policy action=custodian.add name=Ding public=HEX
        anju vault propose policy action=custodian.remove name=Bo
        anju vault propose policy action=backup.key public=HEX
        anju vault propose restore name=NAME.backup digest=HEX
        anju vault propose ca organisation=ID purpose=ca-tls algorithm=p256
        anju vault propose export key=ID recipient=HEX
        """)
    @OptionGroup var place: VaultPlace
    @OptionGroup var custodian: CustodianOptions
    @Option(help: "Hours until the proposal is void, 1 to 72.") var hours: Int64 = 24
    @Argument(help: "export, destroy, restore, policy or ca.") var kind: String
    @Argument(help: "name=value …") var details: [String]

    func run() async throws {
      guard let kind = QuorumKind(rawValue: kind) else { throw ValidationError("There is no proposal of this kind.") }
      let statement = QuorumStatement(
        id: SystemSources.ids.next(), kind: kind,
        arguments: Array(VaultFrame(try details.map(Self.member)).headAndBody.dropFirst(VaultFrame.headBytes)),
        expiresAt: SystemSources.time.now().advanced(by: .seconds(hours * 3_600)))
      let signature = try custodian.key().signature(for: statement.bytes(.proposer, by: custodian.name))
      _ = try place.call(
        .propose,
        [
          ("id", .bytes(statement.id.bytes)), ("kind", .text(kind.rawValue)),
          ("arguments", .bytes(statement.arguments)), ("expiresAt", .integer(statement.expiresAt.microseconds)),
          ("custodian", .text(custodian.name)), ("signature", .bytes(Array(signature.rawRepresentation))),
        ])
      print("proposal  \(statement.id.bytes.hexadecimal)")
    }

    private static func member(_ text: String) throws -> (String, WireValue) {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { throw ValidationError("\(text) is not name=value.") }
      return switch parts[0] {
      case "key", "kek", "organisation", "public", "recipient", "digest":
        (parts[0], .bytes(try HexText.bytes(parts[1])))
      case "days": (parts[0], .integer(Int64(parts[1]) ?? 0))
      default: (parts[0], .text(parts[1]))
      }
    }
  }

  struct Proposals: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List what waits for approval.")
    @OptionGroup var place: VaultPlace

    func run() async throws {
      let list = try place.call(.proposals).body["proposals"]?.list ?? []
      for proposal in list {
        let approvals = proposal["approvals"]?.list?.compactMap(\.string).joined(separator: ", ") ?? ""
        print(
          "\((proposal["id"]?.byteString ?? []).hexadecimal)  \(proposal["kind"]?.string ?? "")  by "
            + "\(proposal["proposer"]?.string ?? "")  approved by \(approvals.isEmpty ? "nobody" : approvals)")
        for member in (try? VaultFrame.body(proposal["arguments"]?.byteString ?? []))?.members ?? [] {
          let value = member.value.byteString.map(\.hexadecimal) ?? member.value.string
            ?? member.value.integer.map(String.init) ?? ""
          print("    \(member.key) = \(value)")
        }
      }
      if list.isEmpty { print("Nothing waits.") }
    }
  }

  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Sign another custodian's proposal.")
    @OptionGroup var place: VaultPlace
    @OptionGroup var custodian: CustodianOptions
    @Argument(help: "The proposal's id.") var proposal: String

    func run() async throws {
      let id = try HexText.bytes(proposal)
      let list = try place.call(.proposals).body["proposals"]?.list ?? []
      guard let found = list.first(where: { $0["id"]?.byteString == id }),
        let kind = QuorumKind(rawValue: found["kind"]?.string ?? ""), let id = ID<Proposal>(bytes: id)
      else { throw VaultPlace.fail("there is no such proposal") }
      let statement = QuorumStatement(
        id: id, kind: kind, arguments: found["arguments"]?.byteString ?? [],
        expiresAt: Instant(microseconds: found["expiresAt"]?.integer ?? 0))
      let signature = try custodian.key().signature(for: statement.bytes(.approver, by: custodian.name))
      _ = try place.call(
        .approve,
        [
          ("proposal", .bytes(id.bytes)), ("custodian", .text(custodian.name)),
          ("signature", .bytes(Array(signature.rawRepresentation))),
        ])
      print("Approved.")
    }
  }

  struct Execute: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Do what was proposed and approved twice, once.")
    @OptionGroup var place: VaultPlace
    @Argument(help: "The proposal's id.") var proposal: String

    func run() async throws {
      let answer = try place.call(.execute, [("proposal", .bytes(try HexText.bytes(proposal)))])
      print("Done.")
      for member in answer.body.members ?? [] {
        guard let bytes = member.value.byteString else { continue }
        print("\(member.key)  \(bytes.hexadecimal)")
      }
    }
  }

  struct BackupKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "backup-key",
      abstract: "Make the key that backups are encrypted to, and print its shares once, one for each custodian.")
    @OptionGroup var place: VaultPlace
    @Option(help: "How many shares to make.") var shares = 5
    @Option(help: "How many of them open a backup.") var threshold = 3

    func validate() throws {
      guard (2...16).contains(threshold), (threshold...16).contains(shares) else {
        throw ValidationError("2 to 16 shares, of which 2 or more are needed.")
      }
    }

    func run() async throws {
      let key = P256.KeyAgreement.PrivateKey()
      _ = try place.call(.backupKey, [("public", .bytes(Array(key.publicKey.x963Representation)))])
      var raw = Array(key.rawRepresentation)
      let made = try Shamir.split(
        SecretBytes(taking: &raw), count: shares, threshold: threshold,
        random: RandomSource(bytes: SystemSources.randomBytes))
      print("One share for each custodian, shown this once; \(threshold) of them open a backup:\n")
      for share in made { print("  \(share.number)   \(share.text)") }
    }
  }

  struct BackUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "backup", abstract: "Write all keys, encrypted to the backup key, into the backups folder.")
    @OptionGroup var place: VaultPlace

    func run() async throws {
      let answer = try place.call(.backup).body
      let folder = try place.folder().path
      print("\(answer["count"]?.integer ?? 0) keys in \(folder)/backups/\(answer["name"]?.string ?? "")")
      print("digest  \((answer["digest"]?.byteString ?? []).hexadecimal)")
    }
  }

  struct Share: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "restore-share", abstract: "Give one custodian's share of the backup key, for a drill or a restore.")
    @OptionGroup var place: VaultPlace

    func run() async throws {
      let answer = try place.call(.restoreShare, secret: try ShareInput.read())
      print("\(answer.body["shares"]?.integer ?? 0) shares given.")
    }
  }

  struct Drill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Open a backup with the shares that were given, and compare it with what is there. Changes nothing.")
    @OptionGroup var place: VaultPlace
    @Argument(help: "The backup's name.") var name: String

    func run() async throws {
      let answer = try place.call(.drill, [("name", .text(name))]).body
      let (same, different) = (answer["same"]?.integer ?? 0, answer["different"]?.integer ?? 0)
      print("\(same) keys as they are here, \(answer["newer"]?.integer ?? 0) made since, \(different) different.")
      if different > 0 { throw ExitCode(1) }
    }
  }
}
