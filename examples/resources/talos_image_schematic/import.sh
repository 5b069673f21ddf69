# By the id of the schematic; the Image Factory is asked for the document.
terraform import talos_image_schematic.vm ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515
