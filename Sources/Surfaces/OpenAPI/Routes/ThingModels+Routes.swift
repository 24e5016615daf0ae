import Devices
import HTTPTypes
import Hummingbird
import Kernel

extension OpenAPISurface {
  /// Thing models: what kinds of device can say and do.
  static func modelEndpoints(_ devices: Devices) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/thing-models", "listThingModels", tag: "thing models",
        "The platform's and the organisation's own, the newest version of each first.",
        access: .permission(.devicesRead), answer: .json(ThingModelsBody.schema)
      ) { call in
        let models = try await devices.models(by: try call.principal())
        return try call.resource(ThingModelsBody(items: models.map { ThingModelBody($0) }))
      },
      Endpoint(
        .get, "/api/v1/thing-models/{model}", "getThingModel", tag: "thing models", "One thing model.",
        access: .permission(.devicesRead),
        parameters: [
          .path("model", "The model's key.", DeviceSchemas.model),
          .query("version", "The newest when left out.", DeviceSchemas.modelVersion),
        ],
        answer: .json(ThingModelBody.schema)
      ) { call in
        let model = try await devices.model(
          try call.text("model"), version: call.number("version"), by: try call.principal())
        return try call.resource(ThingModelBody(model))
      },
      Endpoint(
        .post, "/api/v1/thing-models", "loadThingModel", tag: "thing models",
        "Loads a thing model of the organisation's own, as thing-model.schema.json describes it.",
        access: .permission(.devicesWrite),
        body: Endpoint.Body(
          mediaType: "application/json", schema: .any, bytesMax: 512 * 1024, decodeExample: {}),
        answer: .json(ThingModelBody.schema, .created), problems: [.conflict]
      ) { call in
        let model = try await devices.load(modelJSON: try await call.bytes(), by: try call.principal())
        return try call.answer(ThingModelBody(model), headers: [.location: "/api/v1/thing-models/\(model.key)"])
      },
    ]
  }
}
