# frozen_string_literal: true

require_relative "lib/countersign"

Gem::Specification.new do |spec|
  spec.name = "countersign"
  spec.version = Countersign::VERSION
  spec.authors = ["The Countersign authors"]
  spec.summary = "Proves to a Countersign support chat who is logged in, and verifies the requests that it sends"
  spec.license = "Apache-2.0"
  spec.required_ruby_version = ">= 3.0"
  spec.files = ["lib/countersign.rb", "README.md"]
end
