import Foundation
import Testing

@testable import Server

@Suite("The data folder")
struct DataFolderTests {
  private let url = FileManager.default.temporaryDirectory.appendingPathComponent("anju-folder-\(UUID().uuidString)")

  @Test("only its owner may read it, and one server at a time uses it")
  func lockedAndPrivate() throws {
    defer { try? FileManager.default.removeItem(at: url) }
    do {
      let folder = try DataFolder(url)
      let mode = try FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? NSNumber
      #expect(mode?.intValue == 0o700)
      #expect(DataFolder.isInUse(url))
      #expect(throws: DataFolderError.inUse(path: url.path, processID: getpid())) { try use(url) }
      folder.release()
    }
    #expect(!DataFolder.isInUse(url))
    #expect(throws: Never.self) { try use(url) }
  }

  @Test("a folder that cannot be made says so and what to do")
  func cannotMake() throws {
    try Data().write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    do {
      try use(url.appendingPathComponent("inside"))
      Issue.record("made a folder inside a file")
    } catch let error as DataFolderError {
      #expect(error.description.contains("choose another with --data"))
    }
  }

  private func use(_ url: URL) throws { _ = try DataFolder(url) }
}
