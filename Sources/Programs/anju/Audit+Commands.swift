import ArgumentParser
import Audit
import Foundation
import Kernel
import MerkleLog
import Server

/// `anju audit …`: the audit log without the server.
struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Search, take out, prove and check the audit log.",
    discussion: """
      All but verify read the store of the data folder, or of --postgres, also while the server runs. Whoever may read \
      those files may read the log. How it is made and what it proves: docs/audit.md.
      Exit codes: 0 done, everything proved or whole; 1 failed, not proved or damaged; 64 wrong usage; 78 a setting \
      cannot be used.
      """,
    subcommands: [Search.self, Export.self, Prove.self, Verify.self, Check.self]
  )

  /// Which entries.
  struct Filters: ParsableArguments {
    @Option(help: "Only what this account or key did: its id.")
    var principal: String?

    @Option(help: "create, read, update, delete or act; may be given again.")
    var verb: [String] = []

    @Option(help: "done, refused or failed; may be given again.")
    var outcome: [String] = []

    @Option(help: "A kind of thing, as estate.room; with a dot at its end it and all kinds below it.")
    var kind: String?

    @Option(help: "A thing's id.")
    var resource: String?

    @Option(help: "From this moment on, as 2026-11-23T00:00:00+08:00.")
    var from: String?

    @Option(help: "Before this moment.")
    var to: String?

    @Option(help: "A part of a name, address, reason, detail or thing's id.")
    var text: String?

    @Option(help: "Only this organisation's: its id.")
    var organisation: String?

    func query(number: Int64? = nil, page: PageRequest = PageRequest()) throws -> AuditQuery {
      AuditQuery(
        number: number, principal: try Self.id(principal, "--principal"),
        verbs: Set(try verb.map { try Self.word($0, "--verb") }),
        outcomes: Set(try outcome.map { try Self.word($0, "--outcome") }), kind: kind, resource: resource,
        from: try Self.moment(from, "--from"), to: try Self.moment(to, "--to"), text: text, page: page)
    }

    func organisationID() throws -> ID<Organisation>? { try Self.id(organisation, "--organisation") }

    private static func id<T>(_ text: String?, _ option: String) throws -> ID<T>? {
      try text.map { text in
        guard let id = ID<T>(text) else { throw ValidationError("\(option) is an id of 36 characters") }
        return id
      }
    }

    private static func word<T: RawRepresentable<String> & CaseIterable>(_ text: String, _ option: String) throws -> T {
      guard let word = T(rawValue: text) else {
        throw ValidationError("\(option) is one of \(T.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return word
    }

    private static func moment(_ text: String?, _ option: String) throws -> Instant? {
      try text.map { text in
        guard let moment = Instant(text: text) else {
          throw ValidationError("\(option) is a moment as 2026-11-23T00:00:00+08:00")
        }
        return moment
      }
    }
  }

  struct Search: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print entries, newest first, a line each.")

    @OptionGroup var filters: Filters
    @OptionGroup var settings: SettingOptions

    @Option(help: "How many lines, 1 to 200.")
    var limit = 50

    @Option(help: "Go on below this number: the last line's.")
    var below: String?

    func run() async throws {
      let query = try filters.query(page: PageRequest(cursor: below, limit: limit))
      let organisation = try filters.organisationID()
      try await AuditCommand.with(settings) { desk in
        let page = try await desk.log.search(query, of: organisation)
        for entry in page.items { print(AuditWords.line(entry)) }
        if let next = page.next { AuditCommand.say("There are more: --below \(next)") }
      }
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Write entries as CSV, for a spreadsheet.")

    @OptionGroup var filters: Filters
    @OptionGroup var settings: SettingOptions

    @Option(help: "The file to write; standard output when left out.")
    var output: String?

    func run() async throws {
      let (query, organisation) = (try filters.query(), try filters.organisationID())
      try await AuditCommand.with(settings) { desk in
        try AuditCommand.write(try await desk.log.table(query, of: organisation), to: output)
      }
    }
  }

  struct Prove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write entries with proofs and the signed checkpoint, as a file that anju audit verify proves alone.")

    @Argument(help: "The number of one entry; the filters choose when left out.")
    var number: Int64?

    @OptionGroup var filters: Filters
    @OptionGroup var settings: SettingOptions

    @Option(help: "A file with an older checkpoint: proves, too, that the log only grew since.")
    var since: String?

    @Option(help: "The file to write; standard output when left out.")
    var output: String?

    func run() async throws {
      let (query, organisation) = (try filters.query(number: number), try filters.organisationID())
      try await AuditCommand.with(settings) { desk in
        let older = try since.map { try AuditDesk.checkpoint(in: URL(fileURLWithPath: $0)) }
        try AuditCommand.write(try await desk.log.prove(query, since: older, of: organisation), to: output)
      }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prove a file of anju audit prove, without server or store, and say what it proves.")

    @Argument(help: "The file.")
    var file: String

    @Option(help: "The keys to believe: the audit.pub of the log, got another way than the file.")
    var key: String?

    func run() async throws {
      do {
        let (proved, keys) = try AuditDesk.verify(
          URL(fileURLWithPath: file), keyFile: key.map { URL(fileURLWithPath: $0) })
        print(AuditWords.proved(proved, keys, isOwnKey: key == nil))
      } catch {
        print(AuditWords.notProved(error))
        throw ExitCode(1)
      }
    }
  }

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Walk over the whole stored log and name whatever is not as it was written.",
      discussion: """
        Entries, committed values, every hash of the tree, every checkpoint with its signature. Copies of checkpoints \
        that were kept elsewhere find, too, that entries were cut off the end, or that two logs were shown.
        """)

    @OptionGroup var settings: SettingOptions

    @Option(help: "A folder with copies of the checkpoints; may be given again.")
    var copies: [String] = []

    @Option(help: "The keys to believe; the audit.pub of the data folder when left out.")
    var key: String?

    func run() async throws {
      let keys = try key.map { try AuditKeyFile.keys(in: URL(fileURLWithPath: $0)) }
      try await AuditCommand.with(settings, keys: keys) { desk in
        let report = try await desk.check(copies: copies.map { URL(fileURLWithPath: $0, isDirectory: true) })
        print(AuditWords.report(report))
        if !report.isWhole { throw ExitCode(1) }
      }
    }
  }

  /// Runs a command on the stored log, and says in one line what went wrong.
  private static func with(
    _ settings: SettingOptions, keys: CheckpointKeys? = nil, _ body: (AuditDesk) async throws -> Void
  ) async throws {
    let configuration = try settings.configuration()
    do {
      let desk = try await AuditDesk(configuration, keys: keys)
      do { try await body(desk) } catch {
        await desk.close()
        throw error
      }
      await desk.close()
    } catch let error as ExitCode {
      throw error
    } catch let error as AuditError {
      say("anju: \(error.reason) \(error.remedy)")
      throw ExitCode(1)
    } catch {
      say("anju: \(error)")
      throw ExitCode(1)
    }
  }

  private static func say(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }

  private static func write(_ text: String, to path: String?) throws {
    guard let path else { return FileHandle.standardOutput.write(Data(text.utf8)) }
    try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    say("written: \(path)")
  }
}
