import Foundation
import Kernel
import SQLStore
import TestSupport
import Testing

@testable import Privacy

@Suite("A person's copy", .clause("9.3d"))
struct ExportTests {
  private func requested(_ bench: PrivacyBench) async throws -> PrivacyRequest {
    for number in 1...5 { try await bench.notes.write("便签 \(number) <b>", number, of: bench.subject) }
    return try await bench.verified(NewPrivacyRequest(kind: .export, note: "请给我一份"))
  }

  private func finished(_ bench: PrivacyBench) async throws -> PrivacyRequest {
    let request = try await requested(bench)
    try await bench.keeper().work()
    let done = try await bench.privacy.detail(request.id, by: bench.person).request
    #expect(done.state == .done)
    return done
  }

  private func files(_ bytes: [UInt8]) throws -> [String: String] {
    var files: [String: String] = [:]
    for name in ["data.json", "readable.html", "records.csv"] { files[name] = try StoredZip.file(name, in: bytes) }
    return files
  }

  @Test("has every context's records, for machines and for people", arguments: Backend.allCases)
  func whole(_ backend: Backend) async throws {
    let bench = try await PrivacyBench(backend)
    let request = try await finished(bench)
    let link = try await bench.privacy.link(request.id, by: bench.person)
    let copy = try await bench.privacy.fetch(token: link.token)
    let found = try files(copy.bytes)
    let json = try #require(found["data.json"])
    let file = try JSONDecoder().decode(ExportFile.self, from: Data(json.utf8))
    #expect(file.sections.map(\.context) == ["notes", "accounts", "audit", "privacy"])
    #expect(file.sections[0].records.compactMap { $0.fields["notes.text"] } == (1...5).map { "便签 \($0) <b>" })
    #expect(json.contains("李晓明"))
    let html = try #require(found["readable.html"])
    #expect(html.contains("便签 1 &lt;b&gt;") && !html.contains("<b>"))
    #expect(html.contains("显示名"))
    #expect(try #require(found["records.csv"]).contains("\"便签 5 <b>\""))
    #expect(!json.contains("argon2"))
  }

  @Test("lies sealed in the store until it is fetched")
  func sealed() async throws {
    let bench = try await PrivacyBench()
    _ = try await finished(bench)
    let parts = try await bench.fresh.store.read { sql in
      try sql.rows("SELECT sealed FROM privacy_export_part")
        .map { String(decoding: try $0.blob("sealed"), as: UTF8.self) }
    }
    #expect(parts.count >= 5)
    #expect(!parts.contains { $0.contains("便签") || $0.contains("accounts") })
  }

  @Test("that is killed at any page goes on there and is the same", arguments: Backend.allCases)
  func killed(_ backend: Backend) async throws {
    var count = 0
    for moment in 1...40 {
      let bench = try await PrivacyBench(backend)
      let request = try await requested(bench)
      let armed = Breaking(at: moment)
      let before = try PrivacyBench.privacy(bench.fresh, bench.vault, bench.notes, armed)
      do { while try await before.exportStep() {} } catch {}
      guard armed.hasBroken else { break }
      count += 1
      let progress = try await bench.privacy.detail(request.id, by: bench.person).request
      #expect(progress.state == .running && progress.progress < 100)
      while try await bench.privacy.exportStep() {}
      let link = try await bench.privacy.link(request.id, by: bench.person)
      let found = try files(try await bench.privacy.fetch(token: link.token).bytes)
      let file = try JSONDecoder().decode(ExportFile.self, from: Data(try #require(found["data.json"]).utf8))
      #expect(file.sections[0].records.compactMap { $0.fields["notes.text"] } == (1...5).map { "便签 \($0) <b>" })
      #expect(file.sections.map(\.context) == ["notes", "accounts", "audit", "privacy"])
    }
    #expect(count >= 8)
  }

  @Test("is fetched by a link that ends, by time and by count, and is made with the second factor only")
  func link() async throws {
    let bench = try await PrivacyBench()
    let request = try await finished(bench)
    await #expect(throws: PrivacyError.self) {
      try await bench.privacy.link(request.id, by: bench.person(isFresh: false))
    }
    await #expect(throws: PrivacyError.requestUnknown) { try await bench.privacy.link(request.id, by: bench.other()) }
    let link = try await bench.privacy.link(request.id, by: bench.person)
    for _ in 0..<link.downloadsMax { _ = try await bench.privacy.fetch(token: link.token) }
    await #expect(throws: PrivacyError.linkEnded) { try await bench.privacy.fetch(token: link.token) }
    let second = try await bench.privacy.link(request.id, by: bench.person)
    bench.fresh.clock.advance(by: .seconds(bench.privacy.policy.linkSeconds))
    await #expect(throws: PrivacyError.linkEnded) { try await bench.privacy.fetch(token: second.token) }
    await #expect(throws: PrivacyError.linkEnded) { try await bench.privacy.fetch(token: "guess") }
    bench.fresh.clock.advance(by: .seconds(8 * 86_400))
    await #expect(throws: PrivacyError.linkEnded) {
      try await bench.privacy.link(request.id, by: bench.person(isFresh: true))
    }
    let token = second.token
    let stored = try await bench.fresh.store.read { sql in
      try sql.rows("SELECT token_hash FROM privacy_link").map { try $0.blob("token_hash") }
    }
    #expect(!stored.contains(Array(token.utf8)))
  }

  @Test("is gone with the person's key")
  func erased() async throws {
    let bench = try await PrivacyBench()
    let request = try await finished(bench)
    let link = try await bench.privacy.link(request.id, by: bench.person)
    let erasure = try await bench.verified(NewPrivacyRequest(kind: .erasure))
    _ = try await bench.privacy.decide(erasure.id, approve: true, reason: "", by: bench.officer)
    try await bench.privacy.eraser(bench.fresh.journal).drain()
    #expect(try await bench.count("privacy_export_part") == 0)
    await #expect(throws: PrivacyError.linkEnded) { try await bench.privacy.fetch(token: link.token) }
  }

  @Test("has the checksum that everybody else computes")
  func checksum() {
    // The check value of CRC-32/ISO-HDLC.
    #expect(ZipArchive.checksum(Array("123456789".utf8)) == 0xcbf4_3926)
  }
}

/// Reads a stored file of an archive by its central directory.
enum StoredZip {
  struct Broken: Error {}

  static func file(_ wanted: String, in bytes: [UInt8]) throws -> String {
    func number(_ at: Int, _ count: Int) -> Int {
      (0..<count).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
    }
    let end = bytes.count - 22
    guard end >= 0, number(end, 4) == 0x0605_4b50 else { throw Broken() }
    var place = number(end + 16, 4)
    for _ in 0..<number(end + 10, 2) {
      guard number(place, 4) == 0x0201_4b50 else { throw Broken() }
      let (size, length) = (number(place + 24, 4), number(place + 28, 2))
      let name = String(decoding: bytes[(place + 46)..<(place + 46 + length)], as: UTF8.self)
      let local = number(place + 42, 4)
      if name == wanted {
        guard number(local, 4) == 0x0403_4b50 else { throw Broken() }
        let start = local + 30 + number(local + 26, 2) + number(local + 28, 2)
        let content = Array(bytes[start..<(start + size)])
        guard number(place + 16, 4) == Int(ZipArchive.checksum(content)) else { throw Broken() }
        return String(decoding: content, as: UTF8.self)
      }
      place += 46 + length
    }
    throw Broken()
  }
}
