import Accounts
import Audit
import Devices
import Foundation
import Identities
import Kernel
import Provisioning
import Testing
import Vault

@testable import Alarms
@testable import Console

@Suite("The texts of the pages")
struct WordsTests {
  private let words: [Language: Words]
  private let templates: Templates

  init() throws {
    let resources = try Console.resources()
    words = try Console.words(resources.appendingPathComponent("Localizations"))
    templates = try Templates(folder: resources.appendingPathComponent("Templates"))
  }

  @Test("both languages have the same keys, and no text is empty")
  func sameKeys() throws {
    let chinese = try #require(words[.chinese])
    let english = try #require(words[.english])
    #expect(chinese.keys.symmetricDifference(english.keys) == [])
    for key in chinese.keys { #expect(!chinese(key).isEmpty && !english(key).isEmpty, "\(key)") }
  }

  @Test("both languages fill the same places of a text")
  func samePlaces() throws {
    let chinese = try #require(words[.chinese])
    let english = try #require(words[.english])
    for key in chinese.keys { #expect(places(chinese(key)) == places(english(key)), "\(key)") }
  }

  @Test("every text that a template names exists")
  func templateKeys() throws {
    let keys = try #require(words[.chinese]).keys
    var count = 0
    for (name, text) in templates.texts {
      for match in text.matches(of: #/\{\{\{?t\.([A-Za-z0-9.-]+)/#) {
        count += 1
        #expect(keys.contains(String(match.output.1)), "\(name): \(match.output.1)")
      }
    }
    #expect(count > 100)
  }

  @Test("every text that the code names exists")
  func codeKeys() throws {
    let keys = try #require(words[.chinese]).keys
    var count = 0
    for text in try Sources.swift() {
      for match in text.matches(of: #/words\(\s*"([a-zA-Z]+\.[A-Za-z0-9.-]+)"/#) {
        count += 1
        #expect(keys.contains(String(match.output.1)), "\(match.output.1)")
      }
    }
    #expect(count > 60)
  }

  @Test("every word of the contexts' enumerations exists")
  func enumerations() throws {
    let keys = try #require(words[.chinese]).keys
    var wanted = RoomState.allCases.flatMap { ["roomState.\($0.rawValue)", "help.state-\($0.rawValue)"] }
    wanted += AlarmTone.allCases.flatMap { ["level.\($0.rawValue)", "help.level-\($0.rawValue)"] }
    wanted += AlarmState.allCases.map { "alarmState.\($0.rawValue)" }
    wanted += DeviceKind.allCases.flatMap { ["kind.\($0.rawValue)", "kindShort.\($0.rawValue)"] }
    wanted += LivenessState.allCases.map { "liveness.\($0.rawValue)" }
    wanted += DeviceStatus.allCases.map { "deviceStatus.\($0.rawValue)" }
    wanted += Command.State.allCases.flatMap { ["command.\($0.rawValue)", "commandStep.\($0.rawValue)"] }
    wanted += DeviceTab.allCases.map { "device.tab-\($0.rawValue)" }
    wanted += Place.allCases.map { "nav.\($0.rawValue)" } + Theme.allCases.map { "theme.\($0.rawValue)" }
    wanted += AuditVerb.allCases.map { "auditVerb.\($0.rawValue)" }
    wanted += AuditOutcome.allCases.map { "auditOutcome.\($0.rawValue)" }
    wanted += AuditContext.allCases.map { "auditContext.\($0.rawValue)" }
    wanted += ["waiting", "hashed", "proved", "broken"].flatMap { ["audit.state-\($0)", "audit.hint-\($0)"] }
    wanted += Console.ranges.map { "range.\($0.key)" }
    wanted += ["board.unit", "board.floor"] + BoardView.allCases.map { "board.show-\($0.rawValue)" }
    wanted += Role.allCases.map { "role.\($0.rawValue)" } + Duty.allCases.map { "duty.\($0.rawValue)" }
    wanted += Permission.allCases.map { "permission.\($0.rawValue)" }
    wanted += PasswordFault.allCases.map { "passwordFault.\($0.rawValue)" }
    wanted += IdentityChain.allCases.flatMap { ["identityChain.\($0.rawValue)", "identityAuthority.\($0.rawValue)"] }
    wanted += IdentityAuthority.State.allCases.map { "identityAuthorityState.\($0.rawValue)" }
    wanted += IdentityProfile.allCases.map { "identityProfile.\($0.rawValue)" }
    wanted += IdentityCertificate.State.allCases.map { "identityState.\($0.rawValue)" }
    wanted += IdentityRevocationReason.allCases.map { "identityReason.\($0.rawValue)" }
    wanted += PlatformReason.allCases.map { "auditReason.\($0.rawValue)" }
    wanted += ProvisioningLot.State.allCases.flatMap { ["lotState.\($0.rawValue)", "lotHint.\($0.rawValue)"] }
    wanted += DeviceKeyRecord.State.allCases.flatMap { ["keyState.\($0.rawValue)", "keyHint.\($0.rawValue)"] }
    wanted += Console.ProvisioningTab.allCases.map { "provisioning.tab-\($0.rawValue)" }
    wanted += Console.KeyAct.allCases.flatMap { act in
      ["", "Name", "Effect", "Hint"].map { "provisioning.\(act.rawValue)\($0)" } + ["provisioning.done-\(act.rawValue)"]
    }
    wanted += RetentionAction.allCases.map { "retention.action-\($0.rawValue)" }
    for key in wanted { #expect(keys.contains(key), "\(key)") }
  }

  @Test("every kind of thing that the audit log has entries of has a name, and its part of the platform a filter")
  func auditKinds() throws {
    let keys = try #require(words[.chinese]).keys
    var kinds: Set<String> = []
    for text in try ["Contexts", "Kernel", "Programs", "Surfaces"].flatMap({ try Sources.swift("Sources/\($0)") }) {
      for match in text.matches(of: #/\.(create|read|update|delete|act),\s+"([a-zA-Z.]+)",/#) {
        kinds.insert(String(match.output.2))
      }
      for match in text.matches(of: #/SealedPlace\(\s*organisation: [a-z.]+,\s+table: "([a-z_]+)"/#) {
        kinds.insert("sealed.\(match.output.1)")
      }
    }
    #expect(kinds.count > 25)
    for kind in kinds.subtracting(["sealed.bench"]) {
      #expect(keys.contains("auditKind.\(kind)"), "\(kind)")
      #expect(AuditContext(rawValue: String(kind.prefix { $0 != "." })) != nil, "\(kind)")
    }
  }

  @Test("Chinese texts have a blank between Chinese and Latin letters, and no exclamation marks")
  func typography() throws {
    let chinese = try #require(words[.chinese])
    for key in chinese.keys {
      let text = chinese(key)
      #expect(text.firstMatch(of: #/[\u{4e00}-\u{9fff}][A-Za-z0-9{]|[A-Za-z0-9}][\u{4e00}-\u{9fff}]/#) == nil
        || Self.joined.contains(key), "\(key): \(text)")
      #expect(!text.contains("！") && !text.contains("您"), "\(key)")
    }
  }

  /// Texts that begin or end with a name in Chinese, where no blank belongs.
  private static let joined: Set<String> = ["board.offlineOne", "identities.mismatch", "twin.setName"]

  private func places(_ text: String) -> Set<String> {
    Set(text.matches(of: #/\{([a-z]+)\}/#).map { String($0.output.1) })
  }
}

/// The console's own sources, as they lie beside this test.
enum Sources {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func swift(_ path: String = "Sources/Surfaces/Console") throws -> [String] {
    let folder = root.appendingPathComponent(path)
    return try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".swift") }
      .map { try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8) }
  }

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }
}
