import ArgumentParser
import Foundation
import KeyService
import Logging

extension AnjuVault {
  /// Serves until SIGTERM, or until its input ends.
  struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve the platform and the custodians.")

    @OptionGroup var folder: FolderOptions

    @Option(help: "The socket's path; vault.sock in the folder unless told otherwise.")
    var socket: String?

    @Option(help: "Another user's number that may connect; may be given more than once.")
    var allowUser: [UInt32] = []

    @Flag(help: "Make a key service with its seal key in a file when there is none.")
    var foundIfMissing = false

    @Flag(help: "End when the standard input ends: for the program that started this one.")
    var untilInputEnds = false

    func run() async throws {
      let hardening = ProcessHardening.apply()
      LoggingSystem.bootstrap(StreamLogHandler.standardError)
      let logger = Logger(label: "anju-vault")
      if !hardening.isLocked {
        logger.warning("memory is not locked: raise RLIMIT_MEMLOCK, or keys may reach the swap")
      }
      do {
        let place = try folder.opened()
        let core = try await folder.core(place)
        if foundIfMissing, try await !core.isFounded() { _ = try await place.found(core, .file) }
        do {
          if try await !place.openWithFile(core) { logger.notice("sealed: custodians bring their shares") }
        } catch {
          // It serves on, sealed, so that custodians see why.
          logger.error("not opened", metadata: ["error": "\(error)"])
        }
        try await serve(core, place, logger)
      } catch {
        throw fail(error)
      }
    }

    private func serve(_ core: VaultCore, _ place: VaultFolder, _ logger: Logger) async throws {
      var options = VaultServer.Options(path: socket ?? VaultFolder.socket(in: place.url).path)
      options.userIDs = Set(allowUser)
      if !allowUser.isEmpty { options.mode = 0o666 }
      let server = VaultServer(core: core, options: options, logger: logger)
      try server.listen()
      Self.endOnSignals(server)
      if untilInputEnds { Self.endWithInput(server) }
      tell("vault: \(options.path)")
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await server.run() }
        group.addTask {
          while !Task.isCancelled {
            await server.tick()
            do { try await Task.sleep(for: .seconds(60)) } catch { return }
          }
        }
        await group.next()
        group.cancelAll()
      }
      core.seal()
      await core.close()
    }

    private static func endOnSignals(_ server: VaultServer) {
      for number in [SIGINT, SIGTERM] {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        // The handler keeps its source for the life of the process.
        source.setEventHandler { withExtendedLifetime(source) { server.stop() } }
        source.activate()
      }
    }

    private static func endWithInput(_ server: VaultServer) {
      Thread.detachNewThread {
        while !FileHandle.standardInput.availableData.isEmpty {}
        server.stop()
      }
    }
  }
}
