import Foundation
import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing
import VirtualBuilding

@testable import Server

extension ServerHouse {
  /// A virtual building whose devices come to a server that runs; the test starts and stops it.
  ///
  /// - Parameters:
  ///   - folder: with the devices' certificates.
  ///   - elements: the socket of their secure elements; without it they have no protected sessions.
  func building(
    _ plan: BuildingPlan, in folder: URL, at addresses: AnjuServer.Addresses, elements: String? = nil
  ) throws -> VirtualBuilding {
    let port = try #require(addresses.devices.split(separator: ":").last.flatMap { Int($0) })
    var options = VirtualBuilding.Options(host: "127.0.0.1", port: port)
    options.startSpreadMilliseconds = 50
    if let elements { options.elementSocket = elements }
    let clock = VirtualClock(
      wallMilliseconds: Int64(Date().timeIntervalSince1970 * 1_000),
      realMilliseconds: { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) })
    return try VirtualBuilding(
      plan: plan, options: options, folder: BuildingFolder(folder), flashPath: self.folder.path("flash.db"),
      clock: clock, group: MultiThreadedEventLoopGroup.singleton, logger: .silent)
  }
}
