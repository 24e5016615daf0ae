import ArgumentParser
import Foundation
import KeyService
import Logging
import Server
import UnixSignals

/// `anju up`: the whole platform.
struct UpCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up",
    abstract: "Start the platform, with a virtual building unless --empty.",
    discussion: """
      The first start makes the data folder: a certificate authority and a server's certificate of its own, and the \
      first administrator, whose password is printed once. It listens on this machine only, unless --public.

      Ctrl-C ends it cleanly; a second one ends it at once, and nothing that was acknowledged is lost either way.
      """
  )

  @OptionGroup var settings: SettingOptions

  func run() async throws {
    ProcessHardening.applyToPlatform()
    let configuration = try settings.configuration()
    let logger = Self.logger(configuration.logLevel)
    Self.endAtOnceOnSecondSignal()
    do {
      let server = try await AnjuServer.open(configuration, logger: logger)
      if let first = server.first { Self.tell(Greeting.first(first)) }
      try await server.run { addresses in
        Self.tell(Greeting.ready(addresses, dataFolder: configuration.dataFolder.path))
      }
    } catch {
      FileHandle.standardError.write(Data("anju: \(error)\n".utf8))
      throw ExitCode(1)
    }
  }

  private static func logger(_ level: String) -> Logger {
    LoggingSystem.bootstrap(StreamLogHandler.standardError)
    var logger = Logger(label: "anju")
    logger.logLevel = Logger.Level(rawValue: level) ?? .notice
    return logger
  }

  /// The service group ends everything at the first signal; whoever presses again does not want to wait.
  private static func endAtOnceOnSecondSignal() {
    Task.detached {
      var count = 0
      for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) {
        count += 1
        if count == 1 { tell("ending; once more ends at once") } else { _exit(130) }
      }
    }
  }

  private static func tell(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
  }
}
