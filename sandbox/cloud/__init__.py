"""The local AWS: moto as control plane, with the layers here in front of it and real processes behind it."""
