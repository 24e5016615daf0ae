package import Foundation

/// A folder of a test's own, removed when the last reference goes.
package final class TemporaryFolder: Sendable {
  package let url: URL

  /// - Parameter name: the beginning of the folder's name.
  package init(_ name: String = "anju-test") throws {
    url = FileManager.default.temporaryDirectory.appending(path: "\(name)-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  /// The path of a file or folder inside, which need not exist.
  package func path(_ name: String) -> String {
    url.appending(path: name).path
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }
}
