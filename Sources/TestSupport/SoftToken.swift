package import Foundation

/// SoftHSM2 for tests: one folder of tokens a test process, in which each test makes tokens of its own.
package enum SoftToken {
  /// Where Debian keeps the module.
  package static let modulePath = "/usr/lib/softhsm/libsofthsm2.so"

  /// The tokens' folder of this process, which is removed by the next test run's clean-up of temporary files.
  ///
  /// SoftHSM2 reads where its tokens are from a file that `SOFTHSM2_CONF` names, once a process.
  package static let folder: URL = {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "anju-softhsm-\(ProcessInfo.processInfo.processIdentifier)")
    let configuration = (try? configure(folder)) ?? folder.path
    // The C library leaves the environment it began with in place when it makes the first copy, so that a thread that
    // reads at this moment reads on; nothing else in the tests sets a variable.
    setenv("SOFTHSM2_CONF", configuration, 1)
    return folder
  }()

  /// Makes a folder for tokens with its configuration.
  ///
  /// - Returns: the configuration's path, for `SOFTHSM2_CONF`.
  package static func configure(_ folder: URL) throws -> String {
    let tokens = folder.appending(path: "tokens")
    try FileManager.default.createDirectory(at: tokens, withIntermediateDirectories: true)
    let file = folder.appending(path: "softhsm2.conf")
    try "directories.tokendir = \(tokens.path)\nobjectstore.backend = file\nlog.level = ERROR\n"
      .write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }
}
