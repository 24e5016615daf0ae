import Audit
package import Kernel
import SQLStore

extension Devices {
  /// The platform's and the organisation's own, by key, newest version first; needs `devices.read`.
  package func models(by principal: Principal) async throws(DevicesError) -> [ThingModel] {
    try principal.may(.devicesRead)
    return catalogue.all(of: principal.organisation)
  }

  /// One thing model; needs `devices.read`.
  ///
  /// - Parameter version: nil for the newest.
  package func model(
    _ key: String, version: Int?, by principal: Principal
  ) async throws(DevicesError) -> ThingModel {
    try principal.may(.devicesRead)
    guard let model = catalogue.model(key, version: version, organisation: principal.organisation)?.model else {
      throw .modelUnknown(String((version.map { "\(key)@\($0)" } ?? key).prefix(80)))
    }
    return model
  }

  /// Loads a thing model of the organisation's own; the same again changes nothing; needs `devices.write`.
  ///
  /// - Throws: `.modelInvalid`, `.modelTaken` when key and version exist with another content.
  package func load(modelJSON: [UInt8], by principal: Principal) async throws(DevicesError) -> ThingModel {
    try principal.mayEverywhere(.devicesWrite)
    let model = try ThingModel(json: modelJSON)
    if let there = catalogue.model(model.key, version: model.version, organisation: principal.organisation)?.model {
      guard there == model else { throw .modelTaken("\(model.key)@\(model.version)") }
      return there
    }
    guard catalogue.loadedCount(principal.organisation) < ThingModelCatalogue.loadedMax else {
      throw .fieldInvalid(field: "model", problem: "at most \(ThingModelCatalogue.loadedMax) versions may be loaded")
    }
    try await work.run(DevicesError.self) { unit in
      let inserted = try unit.sql.insert(model, json: modelJSON, organisation: principal.organisation, at: unit.now)
      guard inserted else { throw DevicesError.modelTaken("\(model.key)@\(model.version)") }
      try unit.record(
        ThingModelLoaded(model: model.key, version: model.version), organisation: principal.organisation)
      try unit.audit(AuditEvent(.create, "device.model", "\(model.key)@\(model.version)", by: principal))
    }
    catalogue.put(model, organisation: principal.organisation)
    return model
  }
}

extension SQLConnection {
  /// - Returns: false when the version is there already.
  fileprivate func insert(
    _ model: ThingModel, json: [UInt8], organisation: ID<Organisation>, at now: Instant
  ) throws -> Bool {
    try execute(
      """
      INSERT INTO device_model (organisation, key, version, json, loaded_at)
      VALUES (\(organisation), \(model.key), \(model.version), \(json), \(now)) ON CONFLICT DO NOTHING
      """) == 1
  }

  /// Every model that an organisation loaded.
  func loadedModels() throws -> [(ID<Organisation>, [UInt8])] {
    try rows("SELECT organisation, json FROM device_model").map { (try $0.id("organisation"), try $0.blob("json")) }
  }
}
