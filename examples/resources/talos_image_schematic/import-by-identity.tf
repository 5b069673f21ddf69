import {
  to = talos_image_schematic.vm
  identity = {
    id = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"
  }
}
