import ArgumentParser
import Foundation
import Guomi
import Kernel
import KeyService
import Server
import Vault
import WireFormats

/// `anju vault …`: what custodians do with the key service.
struct VaultCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vault",
    abstract: "Look after the key service: keys, rotations, approvals, backups.",
    discussion: """
      Export, destruction, restoring, policy and authorities' keys need a proposal and two approvals of custodians who \
      did not propose it: propose, approve, execute. See docs/key-service.md.
      """,
    subcommands: [
      Status.self, Keys.self, Rotate.self, Disable.self, CancelDestruction.self, Unseal.self, Seal.self,
      Custodian.self, Enrol.self, Propose.self, Proposals.self, Approve.self, Execute.self, BackupKey.self,
      BackUp.self, Share.self, Drill.self, Log.self,
    ]
  )
}

/// How the key service is reached.
struct VaultPlace: ParsableArguments {
  @Option(
    name: [.long, .customLong("vault")],
    help: "The key service's own folder (default: the data folder's name with -vault).")
  var vaultData: String?
  @Option(help: "The data folder, as of `anju up` (default: .anju/data).")
  var data: String?

  /// As `anju up` finds it.
  ///
  /// - Throws: `ExitCode` 78 after saying which setting is wrong.
  func folder() throws(ExitCode) -> URL {
    try SettingOptions.read([(.data, data), (.vaultData, vaultData)]).vaultFolder
  }

  /// Asks as a custodian.
  ///
  /// - Throws: `ExitCode` 1 after saying why.
  func call(
    _ operation: VaultOperation, _ arguments: [(String, WireValue)] = [], secret: SecretBytes? = nil
  ) throws -> VaultFrame {
    let folder = try folder()
    do {
      let token = try SecretText.read(VaultFolder.custodianToken(in: folder), count: 32)
      let options = VaultLink.Options(path: VaultFolder.socket(in: folder).path, role: .custodian, token: token)
      let socket = try VaultLink.connected(options)
      // A backup or a drill takes its time.
      return try VaultLink.exchange(
        .call(operation, arguments, secret: secret), on: socket, milliseconds: 120_000
      ).answer()
    } catch let error as VaultError {
      throw Self.fail("\(error.reason) \(error.remedy)")
    } catch {
      throw Self.fail("\(error)")
    }
  }

  static func fail(_ text: String) -> ExitCode {
    FileHandle.standardError.write(Data("anju vault: \(text)\n".utf8))
    return ExitCode(1)
  }
}

/// Bytes as people type them.
enum HexText {
  static func bytes(_ text: String) throws -> [UInt8] {
    let digits = text.filter { $0 != "-" }.compactMap(\.hexDigitValue)
    guard digits.count == text.filter({ $0 != "-" }).count, digits.count % 2 == 0 else {
      throw ValidationError("\(text) is no id.")
    }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}

extension VaultCommand {
  struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Say how the key service is.")
    @OptionGroup var place: VaultPlace

    func run() async throws {
      for member in try place.call(.status).body.members ?? [] {
        let name = member.key.padding(toLength: 12, withPad: " ", startingAt: 0)
        switch member.value {
        case .bytes(let bytes): print("  \(name)\(bytes.hexadecimal)")
        case .bool(let value): print("  \(name)\(value ? "yes" : "no")")
        default: print("  \(name)\(member.value.string ?? member.value.integer.map(String.init) ?? "")")
        }
      }
    }
  }

  struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the keys with their states and check values; never a key.")
    @OptionGroup var place: VaultPlace

    func run() async throws {
      var after: [UInt8] = []
      while true {
        let list = try place.call(.keys, [("after", .bytes(after))]).body["keys"]?.list ?? []
        for key in list {
          let id = key["key"]?.byteString ?? []
          let check = (key["checkValue"]?.byteString ?? []).hexadecimal
          print(
            "\(id.hexadecimal)  \(key["purpose"]?.string ?? "")  \(key["kind"]?.string ?? "")  "
              + "v\(key["version"]?.integer ?? 0)  \(key["state"]?.string ?? "")  \(key["uses"]?.integer ?? 0) uses  "
              + check)
          after = id
        }
        if list.isEmpty { return }
      }
    }
  }

  struct Rotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a new key-encryption key; all keys are wrapped anew while everything goes on.")
    @OptionGroup var place: VaultPlace
    @Argument(help: "The organisation's id.") var organisation: String
    @Argument(help: "The purpose: residents, accounts …") var purpose: String

    func run() async throws {
      _ = try place.call(
        .rotate, [("organisation", .bytes(try HexText.bytes(organisation))), ("purpose", .text(purpose))])
      print("Begun; `anju vault status` shows when no rotation is left.")
    }
  }

  struct Disable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Stop a key at once. Enabling it again needs two approvals.")
    @OptionGroup var place: VaultPlace
    @Argument(help: "The key's id.") var key: String

    func run() async throws {
      _ = try place.call(.disable, [("key", .bytes(try HexText.bytes(key)))])
      print("Disabled. The platform forgets its copy within 15 minutes.")
    }
  }

  struct CancelDestruction: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "cancel-destruction", abstract: "Take a planned destruction back; the key is disabled then.")
    @OptionGroup var place: VaultPlace
    @Argument(help: "The key's id.") var key: String

    func run() async throws {
      _ = try place.call(.cancelDestruction, [("key", .bytes(try HexText.bytes(key)))])
      print("Cancelled; the key is disabled.")
    }
  }

  struct Unseal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give one custodian's share, which is read from the input without showing it.")
    @OptionGroup var place: VaultPlace

    func run() async throws {
      let needed = try place.call(.unseal, secret: try ShareInput.read()).body["needed"]?.integer ?? 0
      print(needed == 0 ? "The key service is open." : "Taken; \(needed) more needed.")
    }
  }

  struct Seal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Close the key service: it forgets every key until it is opened again.")
    @OptionGroup var place: VaultPlace

    func run() async throws {
      _ = try place.call(.seal)
      print("The key service is sealed.")
    }
  }

  struct Log: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check the key service's own log, and print it with --print.")
    @OptionGroup var place: VaultPlace
    @Flag(name: .customLong("print"), help: "Print every entry, tab separated.") var printsEntries = false

    func run() async throws {
      if printsEntries { try printAll() }
      let check = try place.call(.auditVerify).body
      let head = (check["head"]?.byteString ?? []).hexadecimal
      if let broken = check["brokenAt"]?.integer {
        throw VaultPlace.fail("entry \(broken) does not follow from the one before: the log was changed")
      }
      print("\(check["entries"]?.integer ?? 0) entries, each following from the one before.")
      print("Keep this elsewhere: \(head)")
    }

    private func printAll() throws {
      var after: Int64 = 0
      while true {
        let list = try place.call(.auditExport, [("after", .integer(after))]).body["entries"]?.list ?? []
        for entry in list {
          after = entry["sequence"]?.integer ?? Int64.max
          let words = ["caller", "operation", "outcome", "subject"].map { entry[$0]?.string ?? "" }
          print("\(after)\t\(entry["at"]?.integer ?? 0)\t" + words.joined(separator: "\t"))
        }
        if list.isEmpty { return }
      }
    }
  }
}

/// A share typed or piped in.
enum ShareInput {
  static func read() throws -> SecretBytes {
    let isTerminal = isatty(0) == 1
    var settings = termios()
    if isTerminal {
      FileHandle.standardError.write(Data("share: ".utf8))
      tcgetattr(0, &settings)
      var silent = settings
      silent.c_lflag &= ~tcflag_t(ECHO)
      tcsetattr(0, TCSAFLUSH, &silent)
    }
    defer { if isTerminal { tcsetattr(0, TCSAFLUSH, &settings) } }
    guard let line = readLine(), let share = Shamir.Share(text: line) else {
      throw VaultPlace.fail("this is no share, or it was typed wrongly")
    }
    return share.bytes.withUnsafeBytes { bytes in
      SecretBytes(count: bytes.count + 1) { buffer in
        buffer[0] = share.number
        UnsafeMutableRawBufferPointer(rebasing: buffer[1...]).copyMemory(from: bytes)
      }
    }
  }
}
