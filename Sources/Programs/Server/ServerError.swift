import Glibc
import NIOCore

/// Why a server did not start, in words that say what to do.
package enum ServerError: Error, Equatable, CustomStringConvertible {
  case portTaken(Int, of: String, option: String)
  case portForbidden(Int, of: String, option: String)
  case addressUnknown(option: String)
  /// The pages' collected files are not there.
  case assetsMissing(path: String)
  case buildingMissing(path: String)
  /// The building's registration was refused.
  case buildingRefused(line: Int, name: String, reason: String)
  case buildingEnded(status: Int32)
  case elementMissing(path: String)
  case vaultMissing(path: String)
  /// It was started and did not say that it is there.
  case vaultSilent

  package var description: String {
    switch self {
    case .portTaken(let port, let purpose, let option):
      "port \(port), for \(purpose), is taken by another program; end it, or choose another with \(option)"
    case .portForbidden(let port, let purpose, let option):
      "port \(port), for \(purpose), may not be opened by this user; choose one from 1024 with \(option)"
    case .addressUnknown(let option):
      "this machine does not have the address to listen on; choose another with \(option)"
    case .assetsMissing(let path):
      "the pages' files are not in \(path); run ./anju up, or scripts/assets, which collects them, or give --vendor"
    case .buildingMissing(let path):
      "the virtual building's program \(path) is missing; run ./anju build, or start with --empty"
    case .buildingRefused(let line, let name, let reason):
      "the virtual building cannot be registered: line \(line), \(name): \(reason); start with --empty"
    case .buildingEnded(let status):
      "the virtual building ended with \(status); its log is building/building.log in the data folder"
    case .elementMissing(let path):
      "the secure elements' program \(path) is missing; run ./anju build"
    case .vaultMissing(let path):
      "the key service's program \(path) is missing; run ./anju build, or start it yourself and give --no-vault"
    case .vaultSilent:
      "the key service was started and does not answer; its log is vault.log in its folder"
    }
  }
}

extension ServerError {
  /// - Returns: what the system said when it is about a port; anything else as it is.
  static func reading(_ error: any Error, port: Int, of purpose: String, option: String) -> any Error {
    guard let error = error as? IOError else { return error }
    switch error.errnoCode {
    case EADDRINUSE: return ServerError.portTaken(port, of: purpose, option: option)
    case EACCES: return ServerError.portForbidden(port, of: purpose, option: option)
    case EADDRNOTAVAIL: return ServerError.addressUnknown(option: "--listen")
    default: return error
    }
  }
}
